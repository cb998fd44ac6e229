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
import { files, makeFolder, makeSocket } from '../../harness/command-line.ts';

const FAILED = { code: 'invalid-input', exitCode: 2 };

describe('a file that kioskctl writes', () => {
  test('a file is written as a whole, and no draft is left', async () => {
    const folder = makeFolder();
    await files.write(join(folder, 'a.yaml'), ['new'], { force: false });
    expect(readdirSync(folder)).toEqual(['a.yaml']);
    expect(readFileSync(join(folder, 'a.yaml'), 'utf8')).toBe('new');
  });

  test('an existing file is replaced only with force', async () => {
    const folder = makeFolder();
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'old');
    await expect(files.write(file, ['new'], { force: false })).rejects.toMatchObject({
      ...FAILED,
      hint: expect.stringContaining('--force'),
    });
    expect(readFileSync(file, 'utf8')).toBe('old');
    await files.write(file, ['new'], { force: true });
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });

  test('a private file is readable only by its owner, and never written through a link', async () => {
    const folder = makeFolder();
    const file = join(folder, 'a.md');
    symlinkSync(join(folder, 'elsewhere'), file);
    await expect(files.write(file, ['new'], { force: false, mode: 0o600 })).rejects.toMatchObject(FAILED);
    expect(readdirSync(folder)).toEqual(['a.md']);
    await files.write(join(folder, 'b.md'), ['é'.repeat(1_000_000)], { force: false, mode: 0o600 });
    expect(statSync(join(folder, 'b.md'))).toMatchObject({ size: 2_000_000, mode: 0o100600 });
  });

  test('force replaces only regular files, and the target of a link', async () => {
    const folder = makeFolder();
    const [socket, real, link] = [join(folder, 'socket'), join(folder, 'real'), join(folder, 'link')];
    await makeSocket(socket);
    await expect(files.write(socket, ['new'], { force: true })).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining('neither a regular file'),
    });
    expect(lstatSync(socket).isSocket()).toBe(true);
    writeFileSync(real, 'old');
    symlinkSync(real, link);
    await files.write(link, ['new'], { force: true });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['link', 'real', 'socket']);
  });

  test('writing in a missing folder, or over a folder, fails and leaves nothing', async () => {
    const folder = makeFolder();
    await expect(files.write(join(folder, 'no/a.yaml'), [''], { force: false })).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining('its folder does not exist'),
    });
    mkdirSync(join(folder, 'taken'));
    await expect(files.write(join(folder, 'taken'), [''], { force: true })).rejects.toMatchObject(FAILED);
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});
