import type { ExitCode } from '../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../domain/errors/failure.ts';
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
  errors?: { about: string | null; error: FailureDocument }[];
  /** The failures of cards; the page of the runbook is shown once per code. */
  failures?: readonly CardFailure[];
}
