import * as v from 'valibot';
import type { Remark } from '../input/diagnostic.ts';
import { onFailure, stepName, timeout } from './schema.ts';
import { innerOf, remarksOf } from './schema-messages.ts';
import { STEP_BODIES, titleOf } from './steps/definitions.ts';
import type { Scenario, Step, StepNode } from './steps/step.ts';
import { mapping } from './steps/values.ts';

const stepOptions = mapping({
  name: v.exactOptional(stepName),
  timeout: v.exactOptional(timeout),
  'on-failure': v.exactOptional(onFailure),
});

type Written = Pick<StepNode, 'kind' | 'path' | 'isPersonal' | 'body' | 'options'>;

/** A step with all of its values, whose index the caller knows; or what is wrong with them. */
export function toStep(
  { kind, path, isPersonal, body, options }: Written,
  defaults: Scenario['defaults'],
): Step | Remark[] {
  const act = parseFilled(STEP_BODIES[kind], body);
  const said = v.safeParse(stepOptions, options);
  const quotes = !isPersonal && kind !== 'order';
  if (!act.success) {
    const remarks = remarksOf(act.issues, { path: [...path, kind], quotes });
    return isPersonal && kind !== 'order' ? withoutWords(remarks) : remarks;
  }
  if (!said.success) return remarksOf(said.issues, { path, quotes: false });
  return {
    ...act.output,
    index: 0,
    title: said.output.name ?? (isPersonal ? kind : titleOf(act.output)),
    path,
    // An expectation looks once more, unless it says itself how long it may wait.
    timeout: said.output.timeout ?? (kind === 'expect' ? null : defaults.timeout),
    onFailure: said.output['on-failure'] ?? defaults.onFailure,
  };
}

/** Of one step, filled in differently. */
const MOST_KNOWN = 200;
const checkedSteps = new WeakMap<StepNode, Map<string, Step>>();

/**
 * The same for a step that was filled in. Most cards fill it in alike: then it is checked once. What may be about a person
 * is kept nowhere.
 */
export function toSharedStep(
  node: StepNode,
  filled: Pick<Written, 'body' | 'options'>,
  defaults: Scenario['defaults'],
): Step | Remark[] {
  const make = () => toStep({ ...node, ...filled }, defaults);
  if (node.kind === 'order' || node.isPersonal) return make();
  const known = checkedSteps.get(node) ?? new Map<string, Step>();
  const key = JSON.stringify([filled.body, filled.options]);
  const step = known.get(key) ?? make();
  if (!Array.isArray(step) && known.size < MOST_KNOWN) checkedSteps.set(node, known.set(key, step));
  return step;
}

/** What is wrong with codes and kiosks names them: not where they may be about a person. */
function withoutWords(remarks: Remark[]): Remark[] {
  return remarks.map((remark) => ({ ...remark, message: 'what it is filled in with can’t stand here' }));
}

/**
 * Checks what `${…}` were filled in with. Columns and flags give text: where the schema wants a number, text that is one
 * counts as it.
 */
export function parseFilled<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.SafeParseResult<Schema> {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed;
  const numbers = parsed.issues
    .flatMap(allOf)
    .filter(({ expected, input }) => expected === 'number' && isNumber(input));
  if (numbers.length === 0) return parsed;
  const read = numbers.reduce<unknown>(
    (whole, { path, input }) =>
      replaced(
        whole,
        (path ?? []).map(({ key }) => key),
        Number(input),
      ),
    value,
  );
  return v.safeParse(schema, read);
}

function allOf(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] {
  return [issue, ...innerOf(issue).flatMap(allOf)];
}

export function isNumber(text: unknown): text is string {
  return typeof text === 'string' && /^-?\d{1,15}(\.\d{1,9})?$/.test(text);
}

function replaced(whole: unknown, [key, ...deeper]: unknown[], value: number): unknown {
  if (key === undefined) return value;
  if (Array.isArray(whole))
    return whole.map((one: unknown, index) => (index === key ? replaced(one, deeper, value) : one));
  if (typeof whole !== 'object' || whole === null) return whole;
  return Object.fromEntries(
    Object.entries(whole).map(([name, one]) => [name, name === key ? replaced(one, deeper, value) : one]),
  );
}
