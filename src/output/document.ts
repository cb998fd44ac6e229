import type { ExitCode } from '../domain/errors/exit-codes.ts';

export interface Envelope {
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
