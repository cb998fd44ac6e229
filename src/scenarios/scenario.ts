import { isMapping, type Place } from '../input/diagnostic.ts';
import { namesIn, type Value } from './interpolate.ts';
import type { LoopWord } from './steps/definitions.ts';
import type { OnFailure, Step, StepDefinition } from './steps/step.ts';

/** Values by variable name. */
export type Values = Readonly<Record<string, Value>>;

/** A variable of a scenario. */
export interface Variable {
  name: string;
  description: string | null;
  required: boolean;
  /** Default value; null for none. */
  default: Value;
  /** Default in the embedded sandbox; undefined if it does not differ. */
  local: Value | undefined;
}

/** Default options for steps. */
export interface StepDefaults {
  /** Milliseconds; null for no timeout. */
  timeout: number | null;
  onFailure: OnFailure;
}

/** A scenario without mistakes, except for mistakes that depend on the values of its variables. */
export interface Scenario {
  name: string;
  description: string | null;
  variables: readonly Variable[];
  /** Names used in orders, directly or through loops. Their values may be personal data and are not stored. */
  personal: ReadonlySet<string>;
  /** The variables among `personal`. */
  orderVariables: readonly string[];
  /** True if a step controls the embedded sandbox (faults, clock). */
  needsControl: boolean;
  /** True if a step sets production results, which any sandbox supports. */
  simulates: boolean;
  /** True if a step prompts in production. */
  asks: boolean;
  /** Number of steps per card. A loop with an unknown list counts as one iteration. */
  stepCount: number;
  defaults: StepDefaults;
  nodes: readonly Node[];
}

/** A step or loop. Parts that depend on the values of variables are not validated yet. */
export type Node = StepNode | LoopNode;

interface Written {
  word: string;
  path: Place['path'];
  /** Name, timeout and on-failure of the step, before variables are replaced. */
  options: Readonly<Record<string, unknown>>;
}

export interface StepNode extends Written {
  definition: StepDefinition;
  body: unknown;
  /** The parsed step without its index; null if it contains variables. */
  fixed: Omit<Step, 'index'> | null;
}

export interface LoopNode extends Written {
  word: LoopWord;
  /** The value of `times` or `in`, before variables are replaced. */
  over: unknown;
  as: string | null;
  nodes: readonly Node[];
}

export function isLoop(node: Node): node is LoopNode {
  return 'nodes' in node;
}

/** Returns the part of a node that may contain `${…}`, except its options. */
export function contentOf(node: Node): { value: unknown; path: Place['path'] } {
  const { word, path } = node;
  if (!isLoop(node)) return { value: node.body, path: [...path, word] };
  return { value: node.over, path: [...path, word, word === 'repeat' ? 'times' : 'in'] };
}

/** Yields all nodes, outer nodes first, with the loop variables in scope. */
export function* everyNode(
  nodes: readonly Node[],
  known: readonly string[],
): Generator<{ node: Node; known: readonly string[] }> {
  for (const node of nodes) {
    yield { node, known };
    if (isLoop(node)) yield* everyNode(node.nodes, node.as === null ? known : [...known, node.as]);
  }
}

/**
 * Returns the names used in orders. If an order uses a loop variable, the names used in the list of that loop are
 * included.
 */
export function personalNames(nodes: readonly Node[]): Set<string> {
  const all = [...everyNode(nodes, [])].map(({ node }) => node);
  const names = new Set(all.flatMap((node) => (isLoop(node) ? [] : namesInBody(node))));
  const loops = all.filter(isLoop);
  // In reverse order, inner loops come first: a name in the list of an inner loop may be the variable of an outer loop.
  for (const { as, over } of loops.toReversed())
    if (as !== null && names.has(as)) for (const name of namesIn(over)) names.add(name);
  // In order, other loops over a personal list are found. Their variables have the same values.
  for (const { word, as, over } of loops)
    if (word === 'for-each' && as !== null && namesIn(over).some((name) => names.has(name))) names.add(as);
  for (const builtIn of ['card', 'run', 'kiosk']) names.delete(builtIn);
  return names;
}

function namesInBody({ definition: { impersonalFields }, body }: StepNode): string[] {
  if (impersonalFields === undefined || !isMapping(body)) return [];
  return Object.entries(body).flatMap(([field, value]) =>
    impersonalFields.includes(field) ? [] : namesIn(value),
  );
}
