// What users paste into PowerShell, read by a parser of its language: PowerShell itself is not in Debian or at npm.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { completionScript } from '../../src/cli/completion/scripts.ts';
import { toShell } from '../../src/domain/next-command.ts';

interface Node {
  type: string;
  text: string;
  hasError: boolean;
  descendantsOfType(type: string): Node[];
}

interface TreeSitter {
  Parser: {
    init(): Promise<void>;
    new (): { setLanguage(language: object): void; parse(text: string): { rootNode: Node } };
  };
  Language: { load(file: string): Promise<object> };
}

const folder = mkdtempSync(join(tmpdir(), 'kioskctl-powershell-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let parse: (text: string) => Node;

beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), '{}');
  const libraries = ['tree-sitter-powershell@0.26', 'web-tree-sitter'];
  execFileSync('npm', ['install', '--ignore-scripts', '--legacy-peer-deps', ...libraries], { cwd: folder });
  const library = join(folder, 'node_modules/web-tree-sitter');
  const { Parser, Language } = (await import(
    pathToFileURL(join(library, 'web-tree-sitter.js')).href
  )) as TreeSitter;
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(
    await Language.load(join(folder, 'node_modules/tree-sitter-powershell/tree-sitter-powershell.wasm')),
  );
  parse = (text) => parser.parse(text).rootNode;
}, 300_000);

test('the completion script has no mistake of syntax', () => {
  expect(parse(completionScript('powershell')).hasError).toBe(false);
  expect(parse('function f { $x = @(1').hasError).toBe(true);
});

test('a command of a hint has the same words in PowerShell', () => {
  const words = [
    'two words',
    "it's",
    'a@b.example',
    '1,2',
    '$HOME',
    'a;b',
    '(x)',
    'back`tick',
    '{x}',
    '#x',
    '&',
    '|',
    '> f',
  ];
  for (const word of words) {
    const root = parse(`kioskctl status --reason ${toShell([word])} --json`);
    const [literal] = root.descendantsOfType('string_literal');
    expect([word, root.hasError, literal?.text.slice(1, -1)]).toEqual([word, false, word]);
  }
});
