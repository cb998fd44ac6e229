import { isMapping, type Place } from '../input/diagnostic.ts';
import { namesIn, type Value } from './interpolate.ts';
import type { LoopWord } from './steps/definitions.ts';
import type { OnFailure, Step, StepDefinition } from './steps/step.ts';

/** Values by the names of their variables. */
export type Values = Readonly<Record<string, Value>>;

/** Something that `${…}` may name. */
export interface Variable {
  name: string;
  description: string | null;
  required: boolean;
  /** null is no value. */
  default: Value;
  /** The default in the embedded sandbox, where it is another; undefined where it is the same. */
  local: Value | undefined;
}

/** Options of the steps that set none of their own. */
export interface StepDefaults {
  /** Milliseconds. */
  timeout: number | null;
  onFailure: OnFailure;
}

/** A scenario without mistakes, as far as they show before its variables have values. */
export interface Scenario {
  name: string;
  description: string | null;
  variables: readonly Variable[];
  /** The names that orders are filled in with, through loops, too: their values may be about a person, and are not stored. */
  personal: ReadonlySet<string>;
  /** Those of them that are variables. */
  orderVariables: readonly string[];
  /** True if a step needs the embedded sandbox. */
  needsControl: boolean;
  /** True if a step needs a sandbox. */
  simulates: boolean;
  /** True if a step prompts in production. */
  asks: boolean;
  /** The number of steps of a card; those of a loop over a list that is not in the file count once. */
  stepCount: number;
  defaults: StepDefaults;
  nodes: readonly Node[];
}

/** A step as the file has it, checked as far as that is possible without the values of variables. */
export type Node = StepNode | LoopNode;

interface Written {
  word: string;
  path: Place['path'];
  /** The name, timeout and on-failure of the step, as they are written. */
  options: Readonly<Record<string, unknown>>;
}

export interface StepNode extends Written {
  definition: StepDefinition;
  body: unknown;
  /** The step itself, but for its index, where nothing is to be filled in. */
  fixed: Omit<Step, 'index'> | null;
}

export interface LoopNode extends Written {
  word: LoopWord;
  /** `times` or `in`, as it is written. */
  over: unknown;
  as: string | null;
  nodes: readonly Node[];
}

export function isLoop(node: Node): node is LoopNode {
  return 'nodes' in node;
}

/** Returns the part of a node that may contain `${…}`, besides its options. */
export function contentOf(node: Node): { value: unknown; path: Place['path'] } {
  const { word, path } = node;
  if (!isLoop(node)) return { value: node.body, path: [...path, word] };
  return { value: node.over, path: [...path, word, word === 'repeat' ? 'times' : 'in'] };
}

/** Yields all nodes, outer ones first, each with the names that are known there. */
export function* everyNode(
  nodes: readonly Node[],
  known: readonly string[],
): Generator<{ node: Node; known: readonly string[] }> {
  for (const node of nodes) {
    yield { node, known };
    if (isLoop(node)) yield* everyNode(node.nodes, node.as === null ? known : [...known, node.as]);
  }
}

/** Returns the names that orders are filled in with. The name of a loop leads to those of its list. */
export function personalNames(nodes: readonly Node[]): Set<string> {
  const all = [...everyNode(nodes, [])].map(({ node }) => node);
  const names = new Set(all.flatMap((node) => (isLoop(node) ? [] : namesInBody(node))));
  const loops = all.filter(isLoop);
  // Inner loops come after those around them: from the last to the first, each leads to the names of its list.
  for (const { as, over } of loops.toReversed())
    if (as !== null && names.has(as)) for (const name of namesIn(over)) names.add(name);
  // Then from the first to the last, outer ones first: another loop through the same list has the same persons.
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
