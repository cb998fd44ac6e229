import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeFiles } from '../../../src/cli/terminal/files.ts';
import { readBytes } from '../../../src/cli/terminal/read-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'kioskctl-files-'));
mkdirSync(join(folder, 'folder'));
afterAll(() => rmSync(folder, { recursive: true }));

async function lines(file: string, stdin = ''): Promise<string[]> {
  const files = makeFiles({ readStdin: async () => stdin });
  const all: string[] = [];
  for await (const line of files.readLines(file)) all.push(line);
  return all;
}

function file(content: string | Buffer): string {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
}

describe('lines', () => {
  test.each([
    ['a\nb\n', ['a', 'b']],
    ['a\nb', ['a', 'b']],
    ['a\n\nb', ['a', '', 'b']],
    ['', []],
  ])('the lines of %j are read', async (content, expected) => {
    expect(await lines(file(content))).toEqual(expected);
  });

  test('lines may be longer than a chunk, with characters of several bytes', async () => {
    const long = Array.from({ length: 20 }, (_, index) => `${index}${'ü'.repeat(40_000)}`);
    expect(await lines(file(long.join('\n')))).toEqual(long);
  });

  test('the lines of standard input are read', async () => {
    expect(await lines('-', 'a\nb')).toEqual(['a', 'b']);
  });

  test.each([
    ['that is not there', join(folder, 'nothing'), /no such file/],
    ['that is a folder', join(folder, 'folder'), /a folder/],
    ['without any end of a line', '/dev/zero', /1024 KiB/],
  ])('the lines of a file %s cannot be read', async (_, path, message) => {
    await expect(lines(path)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(message),
    });
  });
});

describe('bytes', () => {
  test('bytes are read unchanged', () => {
    expect(readBytes(file(Buffer.of(0, 255, 10)), 3)).toEqual(Buffer.of(0, 255, 10));
  });

  test('a file is read whole up to its limit, and refused with one byte more', () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    expect(readBytes(file(bytes), 100_000).equals(bytes)).toBe(true);
    expect(readBytes(file(bytes), 16 * 1024 * 1024).equals(bytes)).toBe(true);
    expect(() => readBytes(file(bytes), 99_999)).toThrow(/over/);
  });

  test.each([
    ['too many', '/dev/zero', /over 1 KiB/, /split it/],
    ['of what is not there', join(folder, 'nothing'), /no such file/, /the path/],
    ['of a folder', join(folder, 'folder'), /a folder/, /a file in it/],
  ])('bytes cannot be read: %s', (_, path, message, hint) => {
    expect(() => readBytes(path, 1024)).toThrow(
      expect.objectContaining({
        code: 'invalid-input',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });
});
