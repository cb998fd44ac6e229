import { redact } from '../text/redaction.ts';
import { printable } from '../text/terminal-text.ts';
import type { ExitCode } from './exit-codes.ts';
import { FAILURE_CODES, type FailureCode } from './failure-codes.ts';

export type { FailureCode };

export function failureCodes(): string[] {
  return Object.keys(FAILURE_CODES);
}

/** Details of a failure. The output shows no fields other than these. */
export interface FailureDetails {
  httpStatus?: number;
  errorCode?: string;
  correlationId?: string;
  traceId?: string;
  idempotencyKey?: string;
}

interface FailureOptions {
  /** The next step for the user: a sentence or a command. */
  hint: string;
  details?: FailureDetails;
  /** Exit code for failure codes without a fixed one. */
  exitCode?: ExitCode;
}

/** The error object in JSON documents. */
export interface FailureDocument {
  code: string;
  message: string;
  hint: string;
  details?: FailureDetails;
}

/** The only error class that kioskctl reports to users. Any other error is a bug. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly hint: string;
  readonly details: FailureDetails | undefined;
  readonly exitCode: ExitCode;
  /** True if the action was refused, and thus not tried. The exit code does not show this. */
  isRefusal = false;

  constructor(code: FailureCode, message: string, options: FailureOptions) {
    super(message);
    this.name = 'Failure';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
    this.exitCode = FAILURE_CODES[code][0] ?? options.exitCode ?? 1;
  }

  /** Marks the failure as a refusal: the action was not tried. */
  asRefusal(): this {
    this.isRefusal = true;
    return this;
  }

  toDocument(): FailureDocument {
    const { code, hint, details } = this;
    const message = redact(this.message);
    return details && Object.keys(details).length > 0
      ? { code, message, hint, details }
      : { code, message, hint };
  }
}

/** Creates a failure. @param hint the next step for the user: a sentence or a command */
export function failure(code: FailureCode, message: string, hint: string, details?: FailureDetails): Failure {
  return new Failure(code, message, { hint, ...(details && { details }) });
}

/** Returns the code of a system error, like `ENOENT`, or the fallback if the error has none. */
export function systemCode(error: unknown, fallback: string): string {
  return error instanceof Error && 'code' in error ? String(error.code) : fallback;
}

/**
 * Creates the failure for invalid input.
 * @param kind the expected kind of text, with an article: `a kiosk id`
 * @param text the user's input
 */
export function notA(kind: string, text: string, hint: string, code: FailureCode = 'usage'): Failure {
  return failure(code, `“${printable(text.slice(0, 80))}” is not ${kind}.`, hint);
}

/**
 * A temporary failure: no connection, a 5xx or 429 response, or an unreadable response. Waits retry after an outage.
 */
export class Outage extends Failure {
  /** Pause that Wise requires before a retry, in milliseconds (`Retry-After`); null without one. */
  readonly retryAfter: number | null;

  constructor(
    code: 'unreachable' | 'api-failing' | 'answer-unreadable' | 'rate-limited',
    message: string,
    options: FailureOptions & { retryAfter?: number | null },
  ) {
    super(code, message, options);
    this.name = 'Outage';
    this.retryAfter = options.retryAfter ?? null;
  }
}

/**
 * An error that the previous command of a pipe reported without a card. The next command reports the same error and
 * exit code.
 */
export class PassedOnError extends Error {
  readonly exitCode: ExitCode;
  readonly document: FailureDocument;

  constructor(exitCode: ExitCode, document: FailureDocument) {
    super(document.message);
    this.exitCode = exitCode;
    this.document = document;
  }
}

/** Converts any error to a Failure. An error of another class becomes an internal error (bug). */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = redact(error instanceof Error ? error.message : String(error));
  const hint = 'This is a bug in kioskctl: please report it, with the command and its version.';
  const bug = failure('internal-error', `Unexpected error: ${message}`, hint);
  bug.cause = error;
  return bug;
}
