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
  /** The default in the embedded sandbox, if it differs; otherwise undefined. */
  local: Value | undefined;
}

/** The options of steps that don't set them. */
export interface StepDefaults {
  /** Milliseconds. */
  timeout: number | null;
  onFailure: OnFailure;
}

/** A scenario without mistakes, as far as that can be checked without the values of its variables. */
export interface Scenario {
  name: string;
  description: string | null;
  variables: readonly Variable[];
  /** The names that orders are filled in with, also through loops. Their values may be about a person, and are not stored. */
  personal: ReadonlySet<string>;
  /** The variables among the personal names. */
  orderVariables: readonly string[];
  /** True if a step needs the embedded sandbox. */
  needsControl: boolean;
  /** True if a step needs a sandbox. */
  simulates: boolean;
  /** True if a step prompts in production. */
  asks: boolean;
  /** The number of steps of a card. The steps of a loop count once if its list is not in the file. */
  stepCount: number;
  defaults: StepDefaults;
  nodes: readonly Node[];
}

/** A step or loop of the file, checked as far as that is possible without the values of variables. */
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
  /** The parsed step without its index, if nothing is to be filled in; otherwise null. */
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

/** Yields all nodes, outer ones first, with the names that each of them may use. */
export function* everyNode(
  nodes: readonly Node[],
  known: readonly string[],
): Generator<{ node: Node; known: readonly string[] }> {
  for (const node of nodes) {
    yield { node, known };
    if (isLoop(node)) yield* everyNode(node.nodes, node.as === null ? known : [...known, node.as]);
  }
}

/** Returns the names that orders are filled in with. If the name of a loop is one, the names in its list are, too. */
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
