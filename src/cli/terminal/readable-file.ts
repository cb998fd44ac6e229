import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { reasonOf } from './read-text.ts';

/**
 * A file of this user, by its whole path, so that it stays the same in every folder.
 * @throws Failure `invalid-input` for one that can't be read
 */
export function toReadableFile(name: string): string {
  return toFile(name, { mode: constants.R_OK, may: 'read' });
}

/** The same for a program. @throws Failure `invalid-input` for one that can't be run */
export function toProgramFile(name: string): string {
  return toFile(name, { mode: constants.X_OK, may: 'run' });
}

interface Access {
  mode: number;
  may: 'read' | 'run';
}

function toFile(name: string, { mode, may }: Access): string {
  const file = resolve(name);
  try {
    accessSync(file, mode);
    if (statSync(file).isFile()) return file;
  } catch (error) {
    throw unusable(file, may, reasonOf(error));
  }
  throw unusable(file, may, 'it is not a file');
}

function unusable(file: string, may: Access['may'], why: string): Failure {
  return new Failure('invalid-input', `${printable(file)} can't be ${may}: ${why}.`, {
    hint: `Name a file that this user may ${may}.`,
  });
}
