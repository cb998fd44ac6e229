import * as v from 'valibot';
import {
  type Diagnostic,
  diagnostic,
  isMapping,
  kindOf,
  orNearest,
  type Place,
} from '../input/diagnostic.ts';
import { BUILT_IN, nameOf, namesIn, referencesIn, templatesIn, textsIn } from './interpolate.ts';
import { fileSchema, StepReader } from './read-steps.ts';
import {
  contentOf,
  everyNode,
  isLoop,
  type Node,
  personalNames,
  type Scenario,
  type StepDefaults,
  type StepNode,
} from './scenario.ts';
import { MOST_STEPS, stepOptions } from './schema.ts';
import { toDiagnostics } from './schema-messages.ts';
import { readVariables } from './variables.ts';

type Path = Place['path'];

interface CheckedScenario {
  /** The scenario; null if it has mistakes. */
  scenario: Scenario | null;
  mistakes: Diagnostic[];
}

/** Validates a parsed scenario file. Does not validate the parts that depend on the values of variables. */
export function checkScenario(content: unknown): CheckedScenario {
  const tooMuch = checkSize(content);
  if (tooMuch) return { scenario: null, mistakes: [tooMuch] };
  if (!isMapping(content)) {
    const kind = content === null ? 'empty' : kindOf(content);
    return { scenario: null, mistakes: [diagnostic([], `it is ${kind}, not a mapping of names to values`)] };
  }
  const wrong = v.safeParse(fileSchema, content).issues ?? [];
  const { variables, mistakes } = readVariables(content.variables);
  const defaults = readDefaults(content.defaults);
  const reader = new StepReader(defaults);
  const nodes = reader.readList(content.steps, ['steps']);
  const known = variables.map(({ name }) => name);
  const personal = personalNames(nodes);
  const all = [
    ...toDiagnostics(wrong, { schema: fileSchema, path: [], quotes: true }),
    ...mistakes,
    ...reader.diagnostics,
    ...[...everyNode(nodes, known)].flatMap((one) => checkNode(one, personal)),
    ...checkCards(nodes, known),
    ...checkCount(nodes),
    ...templatesIn(content.defaults, ['defaults']).map(({ path }) =>
      diagnostic(path, 'only steps have ${…} in them'),
    ),
  ];
  if (all.length > 0) return { scenario: null, mistakes: all };
  const requirements = new Set(stepsOf(nodes).map(({ definition }) => definition.requires));
  const scenario = {
    name: textOf(content.name) ?? '',
    description: textOf(content.description),
    variables,
    personal,
    orderVariables: known.filter((name) => personal.has(name)),
    needsControl: requirements.has('control'),
    simulates: requirements.has('simulation'),
    asks: requirements.has('confirmation'),
    stepCount: countSteps(nodes),
    defaults,
    nodes,
  };
  return { scenario, mistakes: [] };
}

function readDefaults(content: unknown): StepDefaults {
  const parsed = v.safeParse(stepOptions, content ?? {});
  const { timeout = null, 'on-failure': onFailure = 'stop' } = parsed.success ? parsed.output : {};
  return { timeout, onFailure };
}

function stepsOf(nodes: readonly Node[]): StepNode[] {
  return [...everyNode(nodes, [])].flatMap(({ node }) => (isLoop(node) ? [] : [node]));
}

/** Validates the `${…}` references of a step or loop. */
function checkNode(
  { node, known }: { node: Node; known: readonly string[] },
  personal: ReadonlySet<string>,
): Diagnostic[] {
  const { options, path } = node;
  const content = contentOf(node);
  return [
    ...checkReferences(content.value, content.path, known),
    ...checkReferences(options, path, known),
    ...(isLoop(node) ? checkLoopName(node.as, [...path, node.word, 'as'], known) : []),
    ...personalIn(options.name, [...path, 'name'], personal).map(({ name, path: at }) =>
      diagnostic(at, `“${name}” is used in orders, so a name that is shown can’t contain it`),
    ),
    ...personalIn(isLoop(node) || !node.definition.isCheck ? null : node.body, content.path, personal).map(
      ({ name, path: at }) =>
        diagnostic(
          at,
          `“${name}” is used in orders and may be personal data, so an expectation, which is stored and shown, can’t contain it`,
        ),
    ),
  ];
}

/** Finds references to unknown names, and malformed `${`. */
function checkReferences(value: unknown, path: Path, known: readonly string[]): Diagnostic[] {
  return [...textsIn(value, path)].flatMap(({ text, path: at }) => {
    const { references, wrong } = referencesIn(text);
    const unknown = references
      .filter((reference) => !BUILT_IN.includes(reference) && !known.includes(nameOf(reference)))
      .map((name) => `there is no variable “${name}”${orNearest(name, [...known, ...BUILT_IN])}`);
    return [...(wrong === null ? [] : [wrong]), ...unknown].map((message) => diagnostic(at, message));
  });
}

function checkLoopName(as: string | null, path: Path, known: readonly string[]): Diagnostic[] {
  const isTaken = as !== null && [...known, ...BUILT_IN.map(nameOf)].includes(as);
  return isTaken ? [diagnostic(path, `“${as}” is already used for something else`)] : [];
}

/** Finds names of possibly personal values in step names and expectations, because these texts are shown and stored. */
function personalIn(
  value: unknown,
  path: Path,
  personal: ReadonlySet<string>,
): { path: Path; name: string }[] {
  return [...textsIn(value, path)].flatMap(({ text, path: at }) =>
    namesIn(text)
      .filter((name) => personal.has(name))
      .map((name) => ({ path: at, name })),
  );
}

/** Validates that a card exists before a step uses one: from an earlier order, or from a variable. */
function checkCards(nodes: readonly Node[], known: readonly string[]): Diagnostic[] {
  if (known.includes('card')) return [];
  const first = stepsOf(nodes).find(({ definition }) => definition.card !== 'optional');
  if (first?.definition.card !== 'needed') return [];
  return [
    diagnostic(first.path, `“${first.word}” needs a card: order one before it, or declare a variable “card”`),
  ];
}

function checkCount(nodes: readonly Node[]): Diagnostic[] {
  if (countSteps(nodes) <= MOST_STEPS) return [];
  const loop = nodes.find((node) => isLoop(node) && countSteps([node]) > MOST_STEPS) ?? nodes[0];
  return loop ? [diagnostic(loop.path, TOO_MANY_STEPS)] : [];
}

export const TOO_MANY_STEPS = `it comes to over ${MOST_STEPS} steps for one card`;

function countSteps(nodes: readonly Node[]): number {
  return nodes.reduce(
    (sum, node) => sum + (isLoop(node) ? roundsOf(node.over) * countSteps(node.nodes) : 1),
    0,
  );
}

function roundsOf(over: unknown): number {
  if (typeof over === 'number') return over;
  return Array.isArray(over) ? over.length : 1;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value.trim() : null;
}

/** Maximum nesting depth, far above what nested loops need. */
const DEEPEST = 32;
/** Maximum number of values. A value counts once per YAML alias. */
const MOST_VALUES = 100_000;

/** Rejects content that is too large to validate: YAML aliases can be recursive, or multiply values exponentially. */
function checkSize(content: unknown): Diagnostic | null {
  const above = new Set<unknown>();
  let values = 0;
  const visit = (value: unknown, path: Path): Diagnostic | null => {
    if (typeof value !== 'object' || value === null) return null;
    if (above.has(value))
      return diagnostic(path, 'it contains itself (a YAML alias inside of what it stands for)');
    if (path.length > DEEPEST) return diagnostic(path, `it is nested over ${DEEPEST} levels deep`);
    above.add(value);
    for (const [key, inner] of Object.entries(value)) {
      values += 1;
      if (values > MOST_VALUES) return diagnostic([], `it has over ${MOST_VALUES} values`);
      const found = visit(inner, [...path, Array.isArray(value) ? Number(key) : key]);
      if (found) return found;
    }
    above.delete(value);
    return null;
  };
  return visit(content, []);
}
