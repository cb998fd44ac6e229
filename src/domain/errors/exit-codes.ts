/** The exit codes of kioskctl. The help topic and docs/errors.md list the same codes. */
export const EXIT_CODES = [
  { code: 0, meaning: 'done; for a wait, the target was reached; for an action, it is in effect' },
  { code: 1, meaning: "a bug in kioskctl, or an output that can't be written" },
  { code: 2, meaning: 'usage: a wrong or missing flag, an unreadable reference, bad input' },
  { code: 3, meaning: 'credentials missing, refused or expired, or without access to this profile' },
  {
    code: 4,
    meaning: 'production failed or was refused; retrying helps once the cause is fixed, or immediately',
  },
  {
    code: 5,
    meaning:
      'production failed or was refused, and another team or Wise must act first; a requirement failed; Wise wants the user’s own approval',
  },
  {
    code: 6,
    meaning:
      "the card can never be produced (over 60 days old, cancelled, returned, or “never” in the team's runbook): order a new one",
  },
  {
    code: 7,
    meaning: 'the API could not be reached, or Wise showed no sign of the action: it may be run again',
  },
  {
    code: 8,
    meaning: 'outcome unknown: the request may have been accepted; the hint is the command that finds out',
  },
  { code: 9, meaning: 'refused by a guard; nothing was sent' },
  {
    code: 10,
    meaning: 'the API rejected the request, or has no such order or card; a webhook was refused',
  },
  { code: 11, meaning: 'an expectation of a scenario run was not met' },
  { code: 75, meaning: 'the deadline of a wait passed' },
  { code: 129, meaning: 'hung up (SIGHUP)' },
  { code: 130, meaning: 'interrupted (Ctrl-C)' },
  { code: 143, meaning: 'terminated (SIGTERM)' },
] as const;

export type ExitCode = (typeof EXIT_CODES)[number]['code'];

/** Returns the meaning of an exit code; null for null and for codes that kioskctl does not use. */
export function meaningOf(exitCode: number | null): string | null {
  return EXIT_CODES.find(({ code }) => code === exitCode)?.meaning ?? null;
}

const SIGNAL_CODES: readonly ExitCode[] = [129, 130, 143];

export function isOfSignal(code: ExitCode): boolean {
  return SIGNAL_CODES.includes(code);
}

/** Exit codes in descending order of precedence, for the result of several cards. */
const PRECEDENCE: readonly ExitCode[] = [1, 8, ...SIGNAL_CODES, 3, 7, 6, 5, 4, 9, 10, 75, 2, 11];

/** Returns the exit code for several cards: 0 if all codes are 0, otherwise the one with the highest precedence. */
export function combineExitCodes(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? 0;
}

/** Validates the exit code of a piped document. Any unknown value becomes 1 (bug). */
export function asExitCode(value: unknown): ExitCode {
  return EXIT_CODES.find(({ code }) => code === value)?.code ?? 1;
}
