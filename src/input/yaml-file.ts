import type { Document, Node } from 'yaml';
import type { LocatedDiagnostic, Place, Position } from './diagnostic.ts';
import type * as YamlLibrary from './yaml.ts';

/** The content of a YAML file. JSON is valid YAML. */
interface ReadYaml {
  /** undefined for a text that is not YAML. */
  content: unknown;
  /** YAML syntax errors and duplicate keys. */
  mistakes: LocatedDiagnostic[];
  /** Parts that YAML parsers may interpret differently, like unknown tags. */
  warnings: LocatedDiagnostic[];
  placeOf: (place: Place) => Position;
}

/** Maximum size of a YAML file. */
export const YAML_LIMIT_BYTES = 1024 * 1024;

/** Maximum number of aliases in a file, because aliases can expand exponentially. */
const MOST_ALIASES = 200;

const TOO_DEEP = 'it is nested too deeply';

/** Our messages in place of library messages that only programmers understand. */
const FAULTS: Readonly<Record<string, string>> = {
  RESOURCE_EXHAUSTION: TOO_DEEP,
  MULTIPLE_DOCS: 'a second document begins here: a file has one, without “---” in the middle',
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
  const unusable = (mistakes: LocatedDiagnostic[]) => ({
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
    // The content is nested too deep for the stack, or aliases expand without end.
    const { last } = error instanceof RangeError ? { last: null } : aliases;
    const message = last
      ? `aliases like “*${last.name}” repeat each other too often: it would become far too long`
      : TOO_DEEP;
    return unusable([{ ...at(last?.offset ?? 0), path: '', message }]);
  }
}

/** Converts the library's errors or warnings to diagnostics. */
function faultsOf(
  errors: Document.Parsed['errors' | 'warnings'],
  at: (offset: number) => Position,
): LocatedDiagnostic[] {
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
  /** The first alias without an anchor. */
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

/** Keeps one diagnostic per position: the library repeats the error of an unclosed brace for each enclosing brace. */
function distinct(findings: readonly LocatedDiagnostic[]): LocatedDiagnostic[] {
  const places = new Map(findings.toReversed().map((one) => [`${one.line}:${one.column}`, one]));
  return [...places.values()].toReversed();
}

/** Formats a library message in one line, without the error class. */
function plain(message: string): string {
  const [line = ''] = message.replace(/^\w*Error: /, '').split('\n');
  return line.replace(/\.$/, '');
}

/** Finds duplicate keys, because the last one would win silently. The library's own check takes quadratic time. */
function repeatedKeys(
  document: Document,
  { yaml, positions }: { yaml: Yaml; positions: Positions },
): LocatedDiagnostic[] {
  const repeated: LocatedDiagnostic[] = [];
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

/** Returns the text offset of a place, or of the last existing key on its path. */
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
