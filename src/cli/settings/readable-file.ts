import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../../domain/failure.ts';
import { printable } from '../../domain/terminal-text.ts';
import { reasonOf } from '../input/files.ts';

/**
 * A file of this user, by its whole path, so that it stays the same in every folder.
 * @throws Failure `invalid-input` for one that can't be read
 */
export function toReadableFile(name: string): string {
  const file = resolve(name);
  try {
    accessSync(file, constants.R_OK);
    if (statSync(file).isFile()) return file;
  } catch (error) {
    throw unreadable(file, reasonOf(error));
  }
  throw unreadable(file, 'it is not a file');
}

function unreadable(file: string, why: string): Failure {
  return new Failure('invalid-input', `${printable(file)} can't be read: ${why}.`, {
    hint: 'Name a file that this user may read.',
  });
}
