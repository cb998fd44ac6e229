import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeNewFile } from '../../../src/cli/terminal/write-file.ts';
import { makeFolder } from '../home.ts';

const FAILED = { code: 'invalid-input', exitCode: 2 };

describe('a file that kioskctl writes', () => {
  test('is there in one piece, and nothing beside it', () => {
    const folder = makeFolder();
    writeNewFile(join(folder, 'a.yaml'), 'new', { force: false });
    expect(readdirSync(folder)).toEqual(['a.yaml']);
    expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toBe('new');
  });

  test('stays when it is there, except by force', () => {
    const folder = makeFolder();
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'old');
    expect(() => writeNewFile(file, 'new', { force: false })).toThrow(
      expect.objectContaining({ ...FAILED, hint: expect.stringContaining('--force') }),
    );
    expect(readFileSync(file, 'utf8')).toBe('old');
    writeNewFile(file, 'new', { force: true });
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });

  test('is for its owner alone where that is asked, and never written through a link', () => {
    const folder = makeFolder();
    const file = join(folder, 'a.md');
    symlinkSync(join(folder, 'elsewhere'), file);
    expect(() => writeNewFile(file, 'new', { force: false, mode: 0o600 })).toThrow(
      expect.objectContaining(FAILED),
    );
    expect(readdirSync(folder)).toEqual(['a.md']);
    writeNewFile(join(folder, 'b.md'), 'é'.repeat(1_000_000), { force: false, mode: 0o600 });
    expect(statSync(join(folder, 'b.md'))).toMatchObject({ size: 2_000_000, mode: 0o100600 });
  });

  test('takes the place of a file by force, and of nothing else; a link to a file stays one', () => {
    const folder = makeFolder();
    const [pipe, real, link] = [join(folder, 'pipe'), join(folder, 'real'), join(folder, 'link')];
    execFileSync('mkfifo', [pipe]);
    expect(() => writeNewFile(pipe, 'new', { force: true })).toThrow(
      expect.objectContaining({ ...FAILED, message: expect.stringContaining('it is no regular file') }),
    );
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    writeFileSync(real, 'old');
    symlinkSync(real, link);
    writeNewFile(link, 'new', { force: true });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['link', 'pipe', 'real']);
  });

  test('in no folder, or in the place of one, is a failure that leaves nothing', () => {
    const folder = makeFolder();
    expect(() => writeNewFile(join(folder, 'no/a.yaml'), '', { force: false })).toThrow(
      expect.objectContaining({ ...FAILED, message: expect.stringContaining('its folder is not there') }),
    );
    mkdirSync(join(folder, 'taken'));
    expect(() => writeNewFile(join(folder, 'taken'), '', { force: true })).toThrow(
      expect.objectContaining(FAILED),
    );
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});
