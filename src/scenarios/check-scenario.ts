import * as v from 'valibot';
import { STEP_KINDS, type StepKind } from '../domain/run.ts';
import { isMapping, type Place, type Remark } from '../input/diagnostic.ts';
import {
  checkReferences,
  everyStep,
  isTemplate,
  namesIn,
  orderNames,
  readSteps,
  textsIn,
  type WrittenStep,
} from './interpolate.ts';
import { toStep } from './read-step.ts';
import { MOST_STEPS, scenarioFile } from './schema.ts';
import { remarksOf } from './schema-messages.ts';
import { STEP_WORDS } from './steps/definitions.ts';
import type { Node, Scenario } from './steps/step.ts';
import { readVariables } from './variables.ts';

export interface CheckedScenario {
  /** null with any mistake. */
  scenario: Scenario | null;
  mistakes: Remark[];
}

/** What is in a scenario file, and what is wrong with it, as far as that shows without the values of its variables. */
export function checkScenario(content: unknown): CheckedScenario {
  const tooMuch = measure(content);
  if (tooMuch) return { scenario: null, mistakes: [tooMuch] };
  const parsed = v.safeParse(scenarioFile, content);
  const wrong = distinct(remarksOf(parsed.issues ?? [], { path: [], quotes: true }));
  if (!isMapping(content)) return { scenario: null, mistakes: wrong };
  const { variables, mistakes } = readVariables(content.variables);
  const steps = readSteps(content.steps, ['steps']);
  const known = variables.map(({ name }) => name);
  const personal = orderNames(steps);
  const defaults = readDefaults(content.defaults);
  const nodes = toNodes(steps, { personal, defaults });
  const all = [
    ...wrong,
    ...mistakes,
    ...checkReferences(steps, known),
    ...checkWords(content.steps, ['steps']),
    ...checkShown(steps, personal),
    ...checkCards(steps, known),
    ...checkCount(nodes),
    ...templatesIn(content.defaults, 'defaults'),
  ];
  if (all.length > 0) return { scenario: null, mistakes: all };
  const kinds = new Set([...everyStep(steps)].map(({ word }) => word));
  const scenario = {
    name: textOf(content.name) ?? '',
    description: textOf(content.description),
    variables,
    orderVariables: known.filter((name) => personal.has(name)),
    needsControl: kinds.has('fault') || kinds.has('advance'),
    simulates: kinds.has('simulate'),
    asks: kinds.has('retry') || kinds.has('cancel'),
    stepCount: countSteps(nodes),
    defaults,
    nodes,
  };
  return { scenario, mistakes: [] };
}

function distinct(remarks: readonly Remark[]): Remark[] {
  const known = new Map(remarks.map((remark) => [`${remark.path.join('.')} ${remark.message}`, remark]));
  return [...known.values()];
}

function readDefaults(content: unknown): Scenario['defaults'] {
  const none = { timeout: null, onFailure: 'stop' as const };
  const read = toStep(
    { kind: 'cancel', path: [], isPersonal: false, body: null, options: isMapping(content) ? content : {} },
    none,
  );
  return Array.isArray(read) ? none : { timeout: read.timeout, onFailure: read.onFailure };
}

function toNodes(
  steps: readonly WrittenStep[],
  how: { personal: ReadonlySet<string>; defaults: Scenario['defaults'] },
): Node[] {
  return steps.map(({ word, path, body, options, as, inner }) => {
    const kind = STEP_KINDS.find((one) => one === word);
    if (!kind) {
      const loop = word === 'repeat' ? 'repeat' : 'for-each';
      return { kind: loop, path, over: body, as, nodes: toNodes(inner, how) };
    }
    const isPersonal = namesIn([body, options]).some((name) => how.personal.has(name));
    const written = { kind, path, body, options, isPersonal };
    const isFixed = ![...textsIn([body, options], [])].some(({ text }) => isTemplate(text));
    const step = isFixed ? toStep(written, how.defaults) : [];
    return { ...written, fixed: Array.isArray(step) ? null : step };
  });
}

/** A step has one word. */
function checkWords(content: unknown, path: Remark['path']): Remark[] {
  return (Array.isArray(content) ? content : []).flatMap((step: unknown, index) => {
    if (!isMapping(step)) return [];
    const at = [...path, index];
    const words = Object.keys(step).filter((key) => STEP_WORDS.includes(key));
    const inner = words.flatMap((word) => {
      const body = step[word];
      if (Array.isArray(body) && body.length === 0)
        return [{ path: [...at, word], at: 'value' as const, message: 'it is an empty list' }];
      return isMapping(body) ? checkWords(body.steps, [...at, word, 'steps']) : [];
    });
    if (words.length > 1) {
      const [first, second = ''] = words;
      const message = `“${first}” and “${second}” are two steps: begin each with a dash of its own`;
      return [{ path: [...at, second], at: 'key', message }, ...inner];
    }
    const isOnlyOptions = words.length === 0 && Object.keys(step).every((key) => OPTIONS.has(key));
    return isOnlyOptions ? [{ path: at, at: 'value', message: 'it says no step, like produce' }] : inner;
  });
}

const OPTIONS = new Set(['name', 'timeout', 'on-failure']);

/** A step's name, and what it expects, are shown and kept: nothing that orders are made of may be in them. */
function checkShown(steps: readonly WrittenStep[], personal: ReadonlySet<string>): Remark[] {
  return [...everyStep(steps)].flatMap(({ word, path, body, options }) => [
    ...personalIn(options.name, [...path, 'name'], personal).map(({ name, ...place }) => ({
      ...place,
      message: `orders are made of “${name}”: a name that is shown can’t have it`,
    })),
    ...personalIn(word === 'expect' ? body : null, [...path, word], personal).map(({ name, ...place }) => ({
      ...place,
      message: `“${name}” goes into orders and may be about a person: what is expected is kept and shown, so it can’t be filled in with it`,
    })),
  ]);
}

function personalIn(
  value: unknown,
  path: Remark['path'],
  personal: ReadonlySet<string>,
): (Place & { name: string })[] {
  return [...textsIn(value, path)].flatMap(({ text, path }) =>
    namesIn(text)
      .filter((name) => personal.has(name))
      .map((name) => ({ path, at: 'value', name })),
  );
}

const NEED_A_CARD = new Set<string>([
  'wait-ready',
  'produce',
  'wait-produced',
  'simulate',
  'retry',
  'cancel',
] satisfies StepKind[]);

export function needsCard(kind: string): boolean {
  return NEED_A_CARD.has(kind);
}

/** Without a variable for a card that is there already, one has to be ordered first. */
function checkCards(steps: readonly WrittenStep[], known: readonly string[]): Remark[] {
  if (known.includes('card')) return [];
  const first = [...everyStep(steps)].find(({ word }) => word === 'order' || NEED_A_CARD.has(word));
  if (!first || first.word === 'order') return [];
  const message = `“${first.word}” needs a card: order one before it, or declare a variable “card”`;
  return [{ path: first.path, at: 'value', message }];
}

function checkCount(nodes: readonly Node[]): Remark[] {
  if (countSteps(nodes) <= MOST_STEPS) return [];
  const loop = nodes.find((node) => 'nodes' in node && countSteps([node]) > MOST_STEPS) ?? nodes[0];
  return loop ? [{ path: loop.path, at: 'value', message: tooManySteps() }] : [];
}

export function tooManySteps(): string {
  return `it comes to over ${MOST_STEPS} steps for one card`;
}

function countSteps(nodes: readonly Node[]): number {
  return nodes.reduce(
    (sum, node) => sum + ('nodes' in node ? turnsOf(node.over) * countSteps(node.nodes) : 1),
    0,
  );
}

function turnsOf(over: unknown): number {
  if (typeof over === 'number') return over;
  return Array.isArray(over) ? over.length : 1;
}

function templatesIn(content: unknown, place: string): Remark[] {
  return [...textsIn(content, [place])]
    .filter(({ text }) => isTemplate(text))
    .map(({ path }) => ({ path, at: 'value', message: 'only steps have ${…} in them' }));
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value.trim() : null;
}

/** Far more than steps in loops in loops need. */
const DEEPEST = 32;
/** Values, those counted again that aliases repeat. */
const MOST_VALUES = 100_000;

type Path = Remark['path'];

/** Can this be gone through at all? What a YAML alias repeats may contain itself, or multiply without end. */
export function measure(content: unknown): Remark | null {
  const above = new Set<unknown>();
  let values = 0;
  const visit = (value: unknown, path: Path): Remark | null => {
    if (typeof value !== 'object' || value === null) return null;
    if (above.has(value))
      return remark(path, 'it contains itself (a YAML alias inside of what it stands for)');
    if (path.length > DEEPEST) return remark(path, `it is nested over ${DEEPEST} levels deep`);
    above.add(value);
    for (const [key, inner] of Object.entries(value)) {
      values += 1;
      if (values > MOST_VALUES) return remark([], `it has over ${MOST_VALUES} values`);
      const found = visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
      if (found) return found;
    }
    above.delete(value);
    return null;
  };
  return visit(content, []);
}

function remark(path: Path, message: string): Remark {
  return { path, at: 'value', message };
}
