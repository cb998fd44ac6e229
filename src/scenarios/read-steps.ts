import * as v from 'valibot';
import {
  type Diagnostic,
  diagnostic,
  isMapping,
  kindOf,
  orNearest,
  type Place,
} from '../input/diagnostic.ts';
import { templatesIn } from './interpolate.ts';
import { isLoop, type LoopNode, type Node, type StepDefaults, type StepNode } from './scenario.ts';
import { makeSchemas, stepOptions } from './schema.ts';
import { fieldsOf, MOST_ISSUES, parseFilled, toDiagnostics } from './schema-messages.ts';
import { findDefinition, LOOPS, STEP_WORDS } from './steps/definitions.ts';
import type { Step, StepDefinition } from './steps/step.ts';

type Path = Place['path'];

const OPTIONS: readonly string[] = Object.keys(stepOptions.entries);

/** Schemas of a scenario file and of its loops. They accept any step, because steps are validated separately. */
export const { file: fileSchema, loops: LOOP_SCHEMAS } = makeSchemas(v.unknown());

/** Parses the steps of a scenario file, each with the schema of its kind. */
export class StepReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #defaults: StepDefaults;

  constructor(defaults: StepDefaults) {
    this.#defaults = defaults;
  }

  readList(content: unknown, path: Path): Node[] {
    return (Array.isArray(content) ? content : []).flatMap((step: unknown, index) => {
      const at = [...path, index];
      if (this.diagnostics.length >= MOST_ISSUES) return [];
      if (typeof step === 'string' && isPlain(step)) return this.#node(step, {}, { path: at, body: null });
      if (isMapping(step)) return this.#readMapping(step, at);
      this.#add(at, typeof step === 'string' ? noSuchStep(step) : `it is ${kindOf(step)}, not a step`);
      return [];
    });
  }

  #readMapping(step: Record<string, unknown>, path: Path): Node[] {
    const words = Object.keys(step).filter((key) => STEP_WORDS.includes(key));
    const [first, second] = words;
    const other = Object.keys(step).find((key) => !STEP_WORDS.includes(key) && !OPTIONS.includes(key));
    if (other !== undefined) this.#add([...path, other], wrongField(other, words), 'key');
    else if (first === undefined) this.#add(path, 'it has no step, like produce');
    if (second !== undefined)
      this.#add(
        [...path, second],
        `“${first}” and “${second}” are two steps: begin each with its own dash`,
        'key',
      );
    const options = Object.fromEntries(Object.entries(step).filter(([key]) => OPTIONS.includes(key)));
    const isRight = this.#check(stepOptions, options, path);
    const nodes = words.flatMap((word) => this.#node(word, options, { path, body: step[word] }));
    return nodes.slice(0, 1).map((node) => (isRight || isLoop(node) ? node : { ...node, fixed: null }));
  }

  #node(
    word: string,
    options: Record<string, unknown>,
    { path, body }: { path: Path; body: unknown },
  ): Node[] {
    const definition = findDefinition(word);
    const loop = LOOPS.find((one) => one === word);
    if (definition) return [this.#readStep({ word, definition, path, options, body, fixed: null })];
    return loop ? [this.#readLoop({ word: loop, path, options }, body)] : [];
  }

  #readStep(node: StepNode): StepNode {
    const { word, definition, path, body, options } = node;
    const isRight = this.#checkBody(definition.schema, body, [...path, word]);
    if (!isRight || templatesIn([body, options], []).length > 0) return node;
    const step = toStep(node, node, { defaults: this.#defaults, isPersonal: false });
    return Array.isArray(step) ? node : { ...node, fixed: step };
  }

  #readLoop(written: Pick<LoopNode, 'word' | 'path' | 'options'>, body: unknown): LoopNode {
    const { word, path } = written;
    this.#checkBody(LOOP_SCHEMAS[word], body, [...path, word]);
    const { as, steps, ...over } = isMapping(body) ? body : {};
    return {
      ...written,
      over: over.times ?? over.in,
      as: typeof as === 'string' ? as : null,
      nodes: this.readList(steps, [...path, word, 'steps']),
    };
  }

  #checkBody(schema: v.GenericSchema, body: unknown, at: Path): boolean {
    if (Array.isArray(body) && body.length === 0) {
      this.#add(at, 'it is an empty list');
      return false;
    }
    const known = fieldsOf(schema);
    const isMisplaced = (key: string) => OPTIONS.includes(key) && !known.includes(key);
    const misplaced = isMapping(body) ? Object.keys(body).filter(isMisplaced) : [];
    if (misplaced.length === 0 || !isMapping(body)) return this.#check(schema, body, at);
    for (const key of misplaced) {
      const message = `“${key}” stands beside “${at.at(-1)}”, not below it: move it to the left`;
      if (known.length > 0) this.#add([...at, key], message, 'key');
      else this.#add(at, message);
    }
    const rest = Object.entries(body).filter(([key]) => !misplaced.includes(key));
    if (rest.length > 0) this.#check(schema, Object.fromEntries(rest), at);
    return false;
  }

  /**
   * Validates a value against a schema. `${…}` is accepted in place of any value. @returns true if there are no
   * mistakes
   */
  #check(schema: v.GenericSchema, value: unknown, path: Path): boolean {
    const quotes = findDefinition(String(path.at(-1)))?.impersonalFields === undefined;
    const diagnostics = toDiagnostics(v.safeParse(schema, value).issues ?? [], { schema, path, quotes });
    this.diagnostics.push(...diagnostics);
    return diagnostics.length === 0;
  }

  #add(path: Path, message: string, at: Place['at'] = 'value'): void {
    this.diagnostics.push(diagnostic(path, message, at));
  }
}

function isPlain(word: string): boolean {
  const definition = findDefinition(word);
  return definition !== undefined && v.is(definition.schema, null);
}

/** Describes an unknown keyword, or a field at the wrong level. */
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
  if (STEP_WORDS.includes(word)) return `“${word}” is empty: write “${word}: …”`;
  return `there is no step “${word}”${orNearest(word, [...STEP_WORDS, ...OPTIONS])}`;
}

/** Describes a missing colon. @param word keyword of the step @param rest text after the keyword on its line */
export function withoutColon(word: string, rest: string): string {
  if (rest !== '' && word !== 'order') return `a colon is missing: ${word}: ${rest}`;
  return `put a colon after “${word}”: with something beside or below it, the word needs one`;
}

interface Reading {
  defaults: StepDefaults;
  /** True if a value that may be personal data was inserted. */
  isPersonal: boolean;
}

/** Creates a step without its index. @returns the step, or the mistakes in its values */
export function toStep(
  { definition, path }: Pick<StepNode, 'definition' | 'path'>,
  written: Pick<StepNode, 'body' | 'options'>,
  { defaults, isPersonal }: Reading,
): Omit<Step, 'index'> | Diagnostic[] {
  const { kind, schema } = definition;
  const isPrivate = definition.impersonalFields !== undefined;
  const parsed = parseFilled(schema, written.body);
  const options = v.safeParse(stepOptions, written.options);
  if (!parsed.success || !options.success) {
    const place = { path: [...path, kind], quotes: !isPersonal && !isPrivate };
    const wrong = toDiagnostics(parsed.issues ?? [], { schema, ...place });
    return [
      ...(isPersonal && !isPrivate ? withoutWords(wrong) : wrong),
      ...toDiagnostics(options.issues ?? [], { schema: stepOptions, path, quotes: false }),
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

/** Replaces messages that may contain personal data. */
function withoutWords(diagnostics: Diagnostic[]): Diagnostic[] {
  return diagnostics.map((one) => ({ ...one, message: 'its value is not allowed here' }));
}
