import { isMapping, orNearest, type Remark } from '../input/diagnostic.ts';
import { referencesIn, textsIn } from './interpolate.ts';
import { STEP_WORDS } from './steps/definitions.ts';

type Path = Remark['path'];

/** A step as the file has it, whatever is wrong with it. */
export interface WrittenStep {
  word: string;
  path: Path;
  body: unknown;
  options: Record<string, unknown>;
  /** Of a loop. */
  as: string | null;
  inner: WrittenStep[];
}

/** Names that are always there, besides the variables of the file. */
export const BUILT_IN = ['card.number', 'run.id', 'kiosk'];

/** Of an order's fields, what is never about a person. */
const IMPERSONAL = new Set(['profileId', 'program', 'deliveryOption']);

/** The steps of a list, as far as they can be told apart. */
export function readSteps(content: unknown, path: Path): WrittenStep[] {
  return (Array.isArray(content) ? content : []).flatMap((step: unknown, index) => {
    const at = [...path, index];
    if (typeof step === 'string')
      return STEP_WORDS.includes(step)
        ? [{ word: step, path: at, body: null, options: {}, as: null, inner: [] }]
        : [];
    if (!isMapping(step)) return [];
    const word = Object.keys(step).find((key) => STEP_WORDS.includes(key));
    return word === undefined ? [] : [readStep(step, word, at)];
  });
}

function readStep(step: Record<string, unknown>, word: string, path: Path): WrittenStep {
  const { [word]: body, ...options } = step;
  const loop = (word === 'repeat' || word === 'for-each') && isMapping(body) ? body : null;
  return {
    word,
    path,
    body: loop ? (loop.times ?? loop.in) : body,
    options,
    as: typeof loop?.as === 'string' ? loop.as : null,
    inner: loop ? readSteps(loop.steps, [...path, word, 'steps']) : [],
  };
}

/** The names that a value is filled in with, without their fields. */
export function namesIn(value: unknown): string[] {
  return [...textsIn(value, [])].flatMap(({ text }) => referencesIn(text).references).map(firstOf);
}

/** Which names orders are made of; a loop's name stands for what the loop goes through, too. */
export function orderNames(steps: readonly WrittenStep[]): Set<string> {
  const all = [...everyStep(steps)];
  const names = new Set(
    all
      .filter(({ word }) => word === 'order')
      .flatMap(({ body }) => (isMapping(body) ? Object.entries(body) : []))
      .flatMap(([field, value]) => (IMPERSONAL.has(field) ? [] : namesIn(value))),
  );
  // Inner loops come after those around them: back to front, each leads to what its own name stands for.
  for (const { as, body } of all.toReversed()) {
    if (as !== null && names.has(as)) for (const name of namesIn(body)) names.add(name);
  }
  // And back again: another loop through the same list has the same persons. Outer ones come first.
  for (const { word, as, body } of all) {
    if (word === 'for-each' && as !== null && namesIn(body).some((name) => names.has(name))) names.add(as);
  }
  for (const builtIn of BUILT_IN) names.delete(firstOf(builtIn));
  return names;
}

export function* everyStep(steps: readonly WrittenStep[]): Generator<WrittenStep> {
  for (const step of steps) {
    yield step;
    yield* everyStep(step.inner);
  }
}

/** Names that nothing has, and `${` that can't be read. @param known the variables of the file */
export function checkReferences(steps: readonly WrittenStep[], known: readonly string[]): Remark[] {
  return steps.flatMap(({ word, path, body, options, as, inner }) => {
    const bodyPath = [...path, word, ...loopKey(word)];
    return [
      ...checkTexts(body, bodyPath, known),
      ...checkTexts(options, path, known),
      ...(as === null ? [] : checkLoopName(as, [...path, word, 'as'], known)),
      ...checkReferences(inner, as === null ? known : [...known, as]),
    ];
  });
}

export function loopKey(word: string): string[] {
  return word === 'repeat' ? ['times'] : word === 'for-each' ? ['in'] : [];
}

function checkTexts(value: unknown, path: Path, known: readonly string[]): Remark[] {
  return [...textsIn(value, path)].flatMap(({ text, path }) => {
    const { references, wrong } = referencesIn(text);
    const unknown = references
      .filter((reference) => !BUILT_IN.includes(reference) && !known.includes(firstOf(reference)))
      .map(
        (reference) => `there is no variable “${reference}”${orNearest(reference, [...known, ...BUILT_IN])}`,
      );
    return [...(wrong === null ? [] : [wrong]), ...unknown].map((message) => ({
      path,
      at: 'value',
      message,
    }));
  });
}

function checkLoopName(as: string, path: Path, known: readonly string[]): Remark[] {
  const isTaken = known.includes(as) || ['card', 'run', 'kiosk'].includes(as);
  return isTaken ? [{ path, at: 'value', message: `“${as}” is the name of something else already` }] : [];
}

function firstOf(reference: string): string {
  return reference.split('.')[0] ?? '';
}
