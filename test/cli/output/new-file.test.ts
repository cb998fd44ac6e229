import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeNewFile } from '../../../src/cli/output/new-file.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kioskctl-file-'));
  file = join(folder, 'incident.md');
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string, isForced = false) => writeNewFile(path, text, { isForced });

describe('a new file', () => {
  test('has all of the text, is for its owner alone, and the only one', () => {
    const text = 'é'.repeat(1_000_000);
    write(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['incident.md']);
  });

  test('never takes the place of another one, unless it is told to', () => {
    write(file, 'first');
    expect(() => write(file, 'second')).toThrow(/is there already/);
    expect(readFileSync(file, 'utf8')).toBe('first');
    write(file, 'second', true);
    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(readdirSync(folder)).toEqual(['incident.md']);
  });

  test('is not written through a link', () => {
    symlinkSync(join(folder, 'elsewhere'), file);
    expect(() => write(file, 'x')).toThrow(/is there already/);
    expect(readdirSync(folder)).toEqual(['incident.md']);
  });

  test.each<[string, (path: string) => string]>([
    ['in a folder that is not there', (path) => join(path, 'nowhere', 'x.md')],
    ['that would be a folder', (path) => path],
  ])('%s is a mistake of input, and leaves nothing behind', (_, name) => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    expect(() => write(name(inner), 'x', true)).toThrow(
      expect.objectContaining({ code: 'invalid-input', exitCode: 2 }),
    );
    expect(readdirSync(folder)).toEqual(['inner']);
  });
});
