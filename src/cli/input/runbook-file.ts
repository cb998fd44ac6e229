import { isUtf8 } from 'node:buffer';
import type { Document, Node } from 'yaml';
import { Failure } from '../../domain/errors/failure.ts';
import { commandLine } from '../../domain/next.ts';
import { checkRunbook, type Place, type Remark } from '../../domain/on-call/check-runbook.ts';
import { NO_RUNBOOK, type Runbook } from '../../domain/on-call/runbook.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { readBytes } from './files.ts';
import type * as YamlLibrary from './yaml.ts';

/** Something about a runbook file, and where it stands in it. */
export interface Finding {
  /** From 1 on. */
  line: number;
  column: number;
  /** The keys that lead there, like `production.PRD_HOPPER_DOOR.owner`. */
  path: string;
  message: string;
}

export interface ReadRunbook {
  runbook: Runbook;
  mistakes: Finding[];
  warnings: Finding[];
}

const LIMIT_BYTES = 1024 * 1024;

/** Steps that several codes share may be written once; what aliases multiply without end is refused. */
const MOST_ALIASES = 200;

/** Of mistakes and of warnings: the rest shows once these are corrected. */
const MOST_FINDINGS = 100;

const TOO_DEEP = 'it is nested too deeply';

type Yaml = typeof YamlLibrary;
type Positions = InstanceType<Yaml['LineCounter']>;

/**
 * Reads a runbook file, which a team writes, in YAML.
 * @returns with its mistakes (at most 100), in the order of their lines; one that has any is not to be used
 * @throws Failure `invalid-input` for a file that can't be read at all
 */
export async function readRunbook(file: string): Promise<ReadRunbook> {
  const text = readText(file);
  const yaml = await import('./yaml.ts');
  const positions = new yaml.LineCounter();
  const at = (offset: number, path: Place['path'] = []) => {
    const { line, col } = positions.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), path: path.join('.') };
  };
  try {
    const document = yaml.parseDocument(text, {
      lineCounter: positions,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    });
    const faults = document.errors.map(({ code, message, pos }) => ({
      ...at(pos[0]),
      message: code === 'RESOURCE_EXHAUSTION' ? TOO_DEEP : plain(message),
    }));
    if (faults.length > 0) return { runbook: NO_RUNBOOK, mistakes: inOrder(faults), warnings: [] };
    const place = (remark: Remark) => ({
      ...at(offsetOf(remark, { document, yaml }), remark.path),
      message: remark.message,
    });
    const { runbook, ...found } = checkRunbook(document.toJS({ maxAliasCount: MOST_ALIASES }));
    const mistakes = [...repeatedKeys(document, { yaml, positions }), ...found.mistakes.map(place)];
    return { runbook, mistakes: inOrder(mistakes), warnings: inOrder(found.warnings.map(place)) };
  } catch (error) {
    // Aliases that multiply, and what is nested deeper than the stack.
    const why = error instanceof RangeError ? TOO_DEEP : plain(String(error));
    return { runbook: NO_RUNBOOK, mistakes: [{ ...at(0), message: why }], warnings: [] };
  }
}

/** A runbook that is there but can't be used, with its first mistake. */
export function runbookUnusable(file: string, [first, ...others]: readonly Finding[]): Failure {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const where = first ? `line ${first.line}, column ${first.column}: ${describe(first)}` : 'it is empty';
  return new Failure('invalid-input', `The runbook ${printable(file)} can't be used: ${where}${more}.`, {
    hint: `See all that is wrong with it: ${commandLine(['runbook', 'check', file], { flags: [] })}`,
  });
}

/** What is to be said of a place in the file, in one line. */
export function describe({ path, message }: Finding): string {
  return printable(path === '' ? message : `${path}: ${message}`);
}

function readText(file: string): string {
  const bytes = readBytes(file, LIMIT_BYTES);
  // Columns are counted without the byte order mark, which no editor shows.
  if (isUtf8(bytes) && !bytes.includes(0)) return bytes.toString('utf8').replace(/^\uFEFF/, '');
  throw new Failure('invalid-input', `The runbook ${printable(file)} can't be used: it is not UTF-8 text.`, {
    hint: 'Save it as UTF-8.',
  });
}

/** The library's words, in one line and without its class. */
function plain(message: string): string {
  const [line = ''] = message.replace(/^\w*Error: /, '').split('\n');
  return line.replace(/\.$/, '');
}

function inOrder(findings: Finding[]): Finding[] {
  return findings
    .toSorted((left, right) => left.line - right.line || left.column - right.column)
    .slice(0, MOST_FINDINGS);
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
