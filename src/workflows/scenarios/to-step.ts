import * as v from 'valibot';
import type { Remark } from '../../domain/remark.ts';
import { innerOf, remarksOf } from './issues.ts';
import { mapping } from './leaves.ts';
import type { Scenario, Step, StepNode } from './scenario.ts';
import { onFailure, stepName, timeout } from './scenario-schema.ts';
import { STEP_BODIES } from './step-schemas.ts';
import { titleOf } from './titles.ts';

const stepOptions = mapping({
  name: v.exactOptional(stepName),
  timeout: v.exactOptional(timeout),
  'on-failure': v.exactOptional(onFailure),
});

type Written = Pick<StepNode, 'kind' | 'path' | 'isPersonal' | 'body' | 'options'>;

/** A step with all of its values, as it is carried out; or what is wrong with them. */
export function toStep(
  { kind, path, isPersonal, body, options }: Written,
  defaults: Scenario['defaults'],
  index = 0,
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
    index,
    title: said.output.name ?? (isPersonal ? kind : titleOf(act.output)),
    path,
    timeout: said.output.timeout ?? defaults.timeout,
    onFailure: said.output['on-failure'] ?? defaults.onFailure,
  };
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
