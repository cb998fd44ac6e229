import type { ExitCode } from '../domain/errors/exit-codes.ts';

export interface Envelope {
  /** The command that made it, like `wait-ready`; null when there was none. */
  command: string | null;
  context: string | null;
  environment: string | null;
  exitCode: ExitCode;
}

/** What every JSON document has in common, before what is the command's own. Changes are additive. */
export function makeDocument(envelope: Envelope, own: Record<string, unknown>): Record<string, unknown> {
  const { command, context, environment, exitCode } = envelope;
  return { schemaVersion: 1, command, context, environment, exitCode, ...own };
}

/** Does the command line ask for JSON? Known before it is parsed, so that its mistakes are JSON, too. */
export function wantsFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes(flag);
}
