import type { ExitCode } from '../domain/errors/exit-codes.ts';
import type { ShownError } from '../domain/results.ts';
import type { CardFailure } from '../domain/selection.ts';
import type { Style } from './style.ts';

/** The result of a command, with all of its output formats. */
export interface Result {
  exitCode: ExitCode;
  /** The command's own part of the JSON document. */
  document: Record<string, unknown>;
  /** Renders the text output; called only if it is shown. */
  text: (style: Style) => string | Promise<string>;
  /** Output with `--quiet`, one a line. */
  references?: string[];
  /** True if the text is the purpose of the command, like a script: `--quiet` prints it, too. */
  isProduct?: boolean;
  /** The errors for the text output, each once, with their cards. */
  errors?: ShownError[];
  /** The failures of cards; the page of the runbook is shown once per code. */
  failures?: readonly CardFailure[];
}

/** Marks of rows in a watch. */
export const CHANGED = '*';
export const UNCHANGED = ' ';

interface Envelope {
  /** The command, like `wait-ready`; null where none was recognised. */
  command: string | null;
  context: string | null;
  environment: string | null;
  exitCode: ExitCode;
}

/** Makes a JSON document: the common fields, followed by those of the command. Changes are additive. */
export function makeDocument(envelope: Envelope, own: Record<string, unknown>): Record<string, unknown> {
  const { command, context, environment, exitCode } = envelope;
  return { schemaVersion: 1, command, context, environment, exitCode, ...own };
}

/** True if the command line has a flag. Works before parsing, so that mistakes in it can be JSON, too. */
export function wantsFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes(flag);
}
