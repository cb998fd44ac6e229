import type { Document, Node } from 'yaml';
import { printable } from '../domain/text/terminal-text.ts';
import type { Place, Remark } from './diagnostic.ts';
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
  /** The mistakes of the YAML, including duplicate keys. */
  mistakes: Finding[];
  /** Parts that YAML readers may understand differently, like unknown tags. */
  warnings: Finding[];
  placeOf: (place: Place) => { line: number; column: number };
}

/** Most bytes of a file in YAML. */
export const YAML_LIMIT_BYTES = 1024 * 1024;

/** The most aliases of a file; more could expand it exponentially. */
const MOST_ALIASES = 200;

/** Of a kind: the rest shows once these are corrected. */
const MOST_FINDINGS = 100;

const TOO_DEEP = 'it is nested too deeply';

/** Where the library speaks to programmers. */
const FAULTS: Readonly<Record<string, string>> = {
  RESOURCE_EXHAUSTION: TOO_DEEP,
  MULTIPLE_DOCS: 'a second document begins here: a file is one, without “---” in the middle',
};

type Yaml = typeof YamlLibrary;
type Positions = InstanceType<Yaml['LineCounter']>;

export async function parseYaml(text: string): Promise<ReadYaml> {
  const yaml = await import('./yaml.ts');
  const positions = new yaml.LineCounter();
  const at = (offset: number) => {
    const { line, col } = positions.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const unusable = (mistakes: Finding[]) => ({
    content: undefined,
    mistakes,
    warnings: [],
    placeOf: () => at(0),
  });
  let aliases: Aliases = { wrong: null, last: null };
  try {
    const document = yaml.parseDocument(text, {
      lineCounter: positions,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: 'error',
    });
    const faults = faultsOf(document.errors, at);
    if (faults.length > 0) return unusable(faults);
    aliases = aliasesIn(document, yaml);
    const { wrong } = aliases;
    if (wrong) {
      const message = `“*${wrong.name}” repeats what no “&${wrong.name}” above names`;
      return unusable([{ ...at(wrong.offset), path: '', message }]);
    }
    return {
      content: document.toJS({ maxAliasCount: MOST_ALIASES }),
      mistakes: repeatedKeys(document, { yaml, positions }),
      warnings: faultsOf(document.warnings, at),
      placeOf: (place) => at(offsetOf(place, { document, yaml })),
    };
  } catch (error) {
    // What is nested deeper than the stack, and aliases that multiply.
    const { last } = error instanceof RangeError ? { last: null } : aliases;
    const message = last
      ? `aliases like “*${last.name}” repeat each other too often: it would become far too long`
      : TOO_DEEP;
    return unusable([{ ...at(last?.offset ?? 0), path: '', message }]);
  }
}

/** Why it is no YAML. */
function faultsOf(
  errors: Document.Parsed['errors' | 'warnings'],
  at: (offset: number) => Pick<Finding, 'line' | 'column'>,
): Finding[] {
  const deep = errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  return distinct(
    (deep ? [deep] : errors).map(({ code, message, pos }) => ({
      ...at(pos[0]),
      path: '',
      message: FAULTS[code] ?? plain(message),
    })),
  );
}

interface AliasPlace {
  name: string;
  offset: number;
}

interface Aliases {
  /** The first one that repeats nothing. */
  wrong: AliasPlace | null;
  last: AliasPlace | null;
}

function aliasesIn(document: Document, yaml: Yaml): Aliases {
  const anchors = new Set<string>();
  const found: Aliases = { wrong: null, last: null };
  yaml.visit(document, {
    Node: (_, node) => {
      if (!yaml.isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
        return;
      }
      found.last = { name: node.source, offset: node.range?.[0] ?? 0 };
      if (!anchors.has(node.source)) found.wrong ??= found.last;
    },
  });
  return found;
}

/** A brace that is not closed is told once for each around it, at one place. */
function distinct(findings: readonly Finding[]): Finding[] {
  const places = new Map(findings.toReversed().map((one) => [`${one.line}:${one.column}`, one]));
  return [...places.values()].toReversed();
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

/** Describes a mistake in one line. */
export function describe({ path, message }: Pick<Finding, 'path' | 'message'>): string {
  return printable(path === '' ? message : `${path}: ${message}`);
}

/** Describes why a file can't be used: its first mistake with its place, and the number of the others. */
export function firstOf([first, ...others]: readonly Finding[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${first ? describeInPlace(first) : 'it is empty'}${more}`;
}

/** Describes all mistakes of a short file, each with its place. */
export function allOf(findings: readonly Finding[]): string {
  return findings.map(describeInPlace).join('; ');
}

function describeInPlace(finding: Finding): string {
  return `line ${finding.line}, column ${finding.column}: ${describe(finding)}`;
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
