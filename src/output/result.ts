import type { ExitCode } from '../domain/errors/exit-codes.ts';
import type { ShownError } from '../domain/results.ts';
import type { CardFailure } from '../domain/selection.ts';
import type { Style } from './style.ts';

/** The result of a command, in all output formats. */
export interface Result {
  exitCode: ExitCode;
  /** The fields of the JSON document that are specific to the command. */
  document: Record<string, unknown>;
  /** Renders the text output. Called only if the text is printed. */
  text: (style: Style) => string | Promise<string>;
  /** Output of `--quiet`, one reference per line. */
  references?: string[];
  /** True if the text is the purpose of the command (like a script), so that `--quiet` prints it as well. */
  isProduct?: boolean;
  /** Errors for the text output, without duplicates, with the names of their cards. */
  errors?: ShownError[];
  /** Failures of cards. Their runbook pages are shown once per code. */
  failures?: readonly CardFailure[];
}

/** Marks changed rows in a watch. */
export const CHANGED = '*';
export const UNCHANGED = ' ';

interface Envelope {
  /** Name of the command, like `wait-ready`; null if unknown. */
  command: string | null;
  context: string | null;
  environment: string | null;
  exitCode: ExitCode;
}

/**
 * Creates a JSON document: common fields, then the command's fields. Fields may be added, but not removed or changed.
 */
export function makeDocument(envelope: Envelope, own: Record<string, unknown>): Record<string, unknown> {
  const { command, context, environment, exitCode } = envelope;
  return { schemaVersion: 1, command, context, environment, exitCode, ...own };
}

/** True if the command line contains a flag. Does not parse it, so that parse errors can be printed as JSON. */
export function wantsFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes(flag);
}
