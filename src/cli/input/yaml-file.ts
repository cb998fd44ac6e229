import { isUtf8 } from 'node:buffer';
import type { Document, Node } from 'yaml';
import { Failure } from '../../domain/errors/failure.ts';
import type { Place, Remark } from '../../domain/remark.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { readBytes } from './files.ts';
import type * as YamlLibrary from './yaml.ts';

/** Something about a user's file, and where it stands in it. */
export interface Finding {
  /** From 1 on. */
  line: number;
  column: number;
  /** The keys that lead there, like `production.PRD_HOPPER_DOOR.owner`. */
  path: string;
  message: string;
}

/** A file's text as YAML, of which JSON is a part. */
export interface ReadYaml {
  /** undefined for text that is no YAML. */
  content: unknown;
  /** What is wrong with it as YAML, keys that are there twice included. */
  mistakes: Finding[];
  placeOf: (place: Place) => { line: number; column: number };
}

const LIMIT_BYTES = 1024 * 1024;

/** What several places share may be written once; what aliases multiply without end is refused. */
const MOST_ALIASES = 200;

/** Of a kind: the rest shows once these are corrected. */
const MOST_FINDINGS = 100;

const TOO_DEEP = 'it is nested too deeply';

type Yaml = typeof YamlLibrary;
type Positions = InstanceType<Yaml['LineCounter']>;

/**
 * @param what how messages call the file: `runbook`
 * @throws Failure `invalid-input` for a file that can't be read, is too long or no text
 */
export function readYamlText(file: string, what: string): string {
  const bytes = readBytes(file, LIMIT_BYTES);
  // Columns are counted without the byte order mark, which no editor shows.
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8').replace(/^\uFEFF/, '');
  throw new Failure('invalid-input', `The ${what} ${printable(file)} can't be used: it is not UTF-8 text.`, {
    hint: 'Save it as UTF-8.',
  });
}

export async function parseYaml(text: string): Promise<ReadYaml> {
  const yaml = await import('./yaml.ts');
  const positions = new yaml.LineCounter();
  const at = (offset: number) => {
    const { line, col } = positions.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const unusable = (mistakes: Finding[]) => ({ content: undefined, mistakes, placeOf: () => at(0) });
  try {
    const document = yaml.parseDocument(text, {
      lineCounter: positions,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    });
    const faults = document.errors.map(({ code, message, pos }) => ({
      ...at(pos[0]),
      path: '',
      message: code === 'RESOURCE_EXHAUSTION' ? TOO_DEEP : plain(message),
    }));
    if (faults.length > 0) return unusable(faults);
    return {
      content: document.toJS({ maxAliasCount: MOST_ALIASES }),
      mistakes: repeatedKeys(document, { yaml, positions }),
      placeOf: (place) => at(offsetOf(place, { document, yaml })),
    };
  } catch (error) {
    // Aliases that multiply, and what is nested deeper than the stack.
    const why = error instanceof RangeError ? TOO_DEEP : plain(String(error));
    return unusable([{ ...at(0), path: '', message: why }]);
  }
}

/** Remarks on the content, with their places. */
export function locate(remarks: readonly Remark[], placeOf: ReadYaml['placeOf']): Finding[] {
  return remarks.map((remark) => ({
    ...placeOf(remark),
    path: remark.path.join('.'),
    message: remark.message,
  }));
}

/** By their lines, at most 100. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return findings
    .toSorted((left, right) => left.line - right.line || left.column - right.column)
    .slice(0, MOST_FINDINGS);
}

/** What is to be said of a place in the file, in one line. */
export function describe({ path, message }: Pick<Finding, 'path' | 'message'>): string {
  return printable(path === '' ? message : `${path}: ${message}`);
}

/** Why a file can't be used: its first mistake, where it stands, and how many more there are. */
export function firstOf([first, ...others]: readonly Finding[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const where = first ? `line ${first.line}, column ${first.column}: ${describe(first)}` : 'it is empty';
  return `${where}${more}`;
}

/** The library's words, in one line and without its class. */
function plain(message: string): string {
  const [line = ''] = message.replace(/^\w*Error: /, '').split('\n');
  return line.replace(/\.$/, '');
}

/** The second of two equal keys would win silently. The library's own search for them is quadratic. */
function repeatedKeys(
  document: Document,
  { yaml, positions }: { yaml: Yaml; positions: Positions },
): Finding[] {
  const repeated: Finding[] = [];
  yaml.visit(document, {
    Map: (_, { items }) => {
      const lines = new Map<string, number>();
      for (const { key } of items) {
        if (!yaml.isScalar(key)) continue;
        const name = String(key.value);
        const { line, col } = positions.linePos(key.range?.[0] ?? 0);
        const first = lines.get(name);
        if (first === undefined) lines.set(name, line);
        else
          repeated.push({
            line,
            column: col,
            path: '',
            message: `“${name}” is there already, in line ${first}`,
          });
      }
    },
  });
  return repeated;
}

/** Where the keys of a path lead; as far as they do. */
function offsetOf({ path, at }: Place, { document, yaml }: { document: Document; yaml: Yaml }): number {
  const resolved = (node: unknown) => (yaml.isAlias(node) ? node.resolve(document) : node);
  let value: unknown = resolved(document.contents);
  let key: unknown = null;
  for (const part of path) {
    if (yaml.isSeq(value)) {
      value = resolved(value.items[Number(part)]);
      key = value;
    } else if (yaml.isMap(value)) {
      const pair = value.items.findLast((one) => yaml.isScalar(one.key) && String(one.key.value) === part);
      key = pair?.key ?? null;
      value = resolved(pair?.value);
    }
  }
  const node = (at === 'key' ? key : value) ?? key;
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

function isNode(node: unknown): node is Node {
  return typeof node === 'object' && node !== null && 'range' in node;
}
