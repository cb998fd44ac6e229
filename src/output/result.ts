import type { ExitCode } from '../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../domain/errors/failure.ts';
import type { CardFailure } from '../domain/selection.ts';
import type { Style } from './style.ts';

/** What a command came to: everything that its output needs, in each of its forms. */
export interface Result {
  exitCode: ExitCode;
  /** The command's own part of the JSON document. */
  document: Record<string, unknown>;
  /** For people: pure, and called only when it is shown. */
  text: (style: Style) => string | Promise<string>;
  /** For `--quiet`. */
  references?: string[];
  /** The text is what the command was asked to make, like a script: `--quiet` prints it, too. */
  isProduct?: boolean;
  /** What went wrong, for people: each error once, with the card it is about. */
  errors?: { about: string | null; error: FailureDocument }[];
  /** What cards failed with: what the team's runbook says of it is shown once a code. */
  failures?: readonly CardFailure[];
}
