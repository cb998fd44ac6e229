import * as v from 'valibot';
import { isMapping, kindOf, orNearest, type Place, type Remark } from '../input/diagnostic.ts';
import { templatesIn } from './interpolate.ts';
import { parseFilled } from './parse-filled.ts';
import type { LoopNode, Node, StepDefaults, StepNode } from './scenario.ts';
import { makeSchemas, stepOptions } from './schema.ts';
import { fieldsOf, MOST_ISSUES, toRemarks } from './schema-messages.ts';
import { findDefinition, LOOPS, STEP_WORDS } from './steps/definitions.ts';
import type { Step, StepDefinition } from './steps/step.ts';

type Path = Place['path'];

const OPTIONS: readonly string[] = Object.keys(stepOptions.entries);

/** Of a file whose steps are read one by one. */
export const { file: fileSchema, loops: LOOP_SCHEMAS } = makeSchemas(v.unknown());

/** Reads the steps of a file. Each is checked by the schema of its own word. */
export class StepReader {
  readonly remarks: Remark[] = [];
  readonly #defaults: StepDefaults;

  constructor(defaults: StepDefaults) {
    this.#defaults = defaults;
  }

  readList(content: unknown, path: Path): Node[] {
    return (Array.isArray(content) ? content : []).flatMap((step: unknown, index) => {
      const at = [...path, index];
      if (this.remarks.length >= MOST_ISSUES) return [];
      if (typeof step === 'string' && isPlain(step)) return this.#node(step, {}, { path: at, body: null });
      if (isMapping(step)) return this.#readMapping(step, at);
      this.#add(at, typeof step === 'string' ? noSuchStep(step) : `it is ${kindOf(step)}, not a step`);
      return [];
    });
  }

  #readMapping(step: Record<string, unknown>, path: Path): Node[] {
    const words = Object.keys(step).filter((key) => STEP_WORDS.includes(key));
    const others = Object.keys(step).filter((key) => !STEP_WORDS.includes(key) && !OPTIONS.includes(key));
    for (const key of others.slice(0, MOST_ISSUES)) this.#add([...path, key], wrongField(key, words), 'key');
    const [first, second] = words;
    if (second !== undefined)
      this.#add(
        [...path, second],
        `“${first}” and “${second}” are two steps: begin each with a dash of its own`,
        'key',
      );
    if (first === undefined && others.length === 0) this.#add(path, 'it says no step, like produce');
    const options = Object.fromEntries(Object.entries(step).filter(([key]) => OPTIONS.includes(key)));
    const nodes = words.flatMap((word) => this.#node(word, options, { path, body: step[word] }));
    return nodes.slice(0, 1);
  }

  #node(
    word: string,
    options: Record<string, unknown>,
    { path, body: written }: { path: Path; body: unknown },
  ): Node[] {
    const at = [...path, word];
    if (Array.isArray(written)) {
      const isEmpty = written.length === 0;
      this.#add(at, isEmpty ? 'it is an empty list' : 'it is a list, not a mapping of names to values');
      return [];
    }
    const definition = findDefinition(word);
    const loop = LOOPS.find((one) => one === word);
    const schema = definition?.schema ?? (loop && LOOP_SCHEMAS[loop]) ?? v.never();
    const body = this.#withoutOptions(written, { schema, at });
    if (body === undefined) return [];
    if (definition) return [this.#readStep({ word, definition, path, options, body, fixed: null })];
    return loop ? [this.#readLoop({ word: loop, path, options }, body)] : [];
  }

  /** What belongs beside the word stands below it. */
  #withoutOptions(body: unknown, { schema, at }: { schema: v.GenericSchema; at: Path }): unknown {
    const misplaced = isMapping(body) ? Object.keys(body).filter((key) => OPTIONS.includes(key)) : [];
    if (misplaced.length === 0 || !isMapping(body)) return body;
    const known = fieldsOf(schema);
    const wrong = misplaced.filter((key) => !known.includes(key));
    const word = at.at(-1);
    for (const key of wrong)
      this.#add(
        known.length > 0 ? [...at, key] : at,
        `“${key}” stands beside “${word}”, not below it: move it to the left`,
        known.length > 0 ? 'key' : 'value',
      );
    const rest = Object.entries(body).filter(([key]) => !wrong.includes(key));
    return rest.length > 0 ? Object.fromEntries(rest) : undefined;
  }

  #readStep(node: StepNode): StepNode {
    const step = toStep(node, node, { defaults: this.#defaults, isPersonal: false, isFilled: false });
    if (Array.isArray(step)) {
      this.remarks.push(...step);
      return node;
    }
    return templatesIn([node.body, node.options], []).length > 0 ? node : { ...node, fixed: step };
  }

  #readLoop(written: Pick<LoopNode, 'word' | 'path' | 'options'>, body: unknown): LoopNode {
    const { word, path, options } = written;
    const at = [...path, word];
    const parsed = [
      { schema: LOOP_SCHEMAS[word], value: body, path: at, quotes: true },
      { schema: stepOptions, value: options, path, quotes: true },
    ];
    for (const { schema, value, ...place } of parsed)
      this.remarks.push(...toRemarks(v.safeParse(schema, value).issues ?? [], { schema, ...place }));
    const { as, steps, ...over } = isMapping(body) ? body : {};
    return {
      ...written,
      over: over.times ?? over.in,
      as: typeof as === 'string' ? as : null,
      nodes: this.readList(steps, [...at, 'steps']),
    };
  }

  #add(path: Path, message: string, at: Place['at'] = 'value'): void {
    this.remarks.push({ path, at, message });
  }
}

function isPlain(word: string): boolean {
  const definition = findDefinition(word);
  return definition !== undefined && v.is(definition.schema, null);
}

/** A field that stands beside the word that it belongs to, or the word of no step. */
function wrongField(field: string, words: readonly string[]): string {
  const word = words.find((one) => fieldsBelow(one).includes(field));
  return word === undefined ? noSuchStep(field) : `“${field}” belongs below “${word}”: move it to the right`;
}

function fieldsBelow(word: string): string[] {
  const loop = LOOPS.find((one) => one === word);
  return fieldsOf(loop ? LOOP_SCHEMAS[loop] : findDefinition(word)?.schema);
}

function noSuchStep(word: string): string {
  const [first = '', ...rest] = word.split(' ');
  if (rest.length > 0 && STEP_WORDS.includes(first)) return withoutColon(first, rest.join(' '));
  if (STEP_WORDS.includes(word)) return `“${word}” says nothing: write “${word}: …”`;
  return `there is no step “${word}”${orNearest(word, [...STEP_WORDS, ...OPTIONS])}`;
}

/** @param rest what follows the word in its line */
export function withoutColon(word: string, rest: string): string {
  if (rest !== '' && word !== 'order') return `a colon is missing: ${word}: ${rest}`;
  return `put a colon after “${word}”: with something beside or below it, the word needs one`;
}

interface Reading {
  defaults: StepDefaults;
  /** Something that may be about a person is filled in. */
  isPersonal: boolean;
  /** Nothing is left to be filled in: text from columns and flags counts as a number where the schema wants one. */
  isFilled: boolean;
}

/** Returns a step, or what is wrong with its values. The caller sets the index. */
export function toStep(
  { definition, path }: Pick<StepNode, 'definition' | 'path'>,
  written: Pick<StepNode, 'body' | 'options'>,
  { defaults, isPersonal, isFilled }: Reading,
): Omit<Step, 'index'> | Remark[] {
  const { kind, schema } = definition;
  const isPrivate = definition.impersonalFields !== undefined;
  const parsed = isFilled ? parseFilled(schema, written.body) : v.safeParse(schema, written.body);
  const options = v.safeParse(stepOptions, written.options);
  if (!parsed.success || !options.success) {
    const place = { path: [...path, kind], quotes: !isPersonal && !isPrivate };
    const wrong = toRemarks(parsed.issues ?? [], { schema, ...place });
    return [
      ...(isPersonal && !isPrivate ? withoutWords(wrong) : wrong),
      ...toRemarks(options.issues ?? [], { schema: stepOptions, path, quotes: !isFilled }),
    ];
  }
  const { name, timeout, 'on-failure': onFailure } = options.output;
  return {
    definition,
    body: parsed.output,
    title: name ?? (isPersonal ? kind : titleOf(definition, parsed.output)),
    path,
    timeout: timeout ?? (definition.isCheck ? null : defaults.timeout),
    onFailure: onFailure ?? defaults.onFailure,
  };
}

function titleOf(definition: StepDefinition, body: unknown): string {
  const rest = definition.title?.(body);
  return rest ? `${definition.kind} ${rest}` : definition.kind;
}

/** The messages about codes and kiosks name them: not where they may be about a person. */
function withoutWords(remarks: Remark[]): Remark[] {
  return remarks.map((remark) => ({ ...remark, message: 'what it is filled in with can’t stand here' }));
}
