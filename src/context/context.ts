import type { Failure } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import type { Invocation } from '../domain/next-command.ts';
import type { Runbook } from '../domain/runbook.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalFile } from '../journal/journal-file.ts';
import type { Forwarder, ForwarderOptions } from '../webhooks/forwarder.ts';
import type { Receiver, ReceiverOptions } from '../webhooks/receiver.ts';
import type { PublicKey } from '../webhooks/signature.ts';
import type { Fault } from '../wire/fault.ts';
import type { Client } from '../wise/client.ts';
import type { Calendar, Stopwatch, Uptime } from './clocks.ts';
import type { Files } from './files.ts';
import type { Progress } from './progress.ts';

export type Environment = 'local' | 'sandbox' | 'production';

/**
 * Prompts for workflows. In a non-interactive session they throw Failure `input-required`, with the flag. Flags are written as
 * they are typed, with `<NAME>` for a value: `--yes`, `--reason <TEXT>`.
 */
export interface Ask {
  /** Names all flags that answer the prompts to come in one failure, in a non-interactive session. @throws Failure `input-required` */
  requireAnswers(flags: readonly string[]): void;
  /** Asks a yes-or-no question. With `--yes`, returns true without asking, unless only the flag may replace the answer. */
  confirm(question: string, options: { flag: string; isAnsweredByYes?: boolean }): Promise<boolean>;
  choose<Choice extends string>(
    question: string,
    options: {
      flag: string;
      choices: readonly Choice[];
      /** The choice that is preselected (default: the first one). */
      likely?: Choice | undefined;
    },
  ): Promise<Choice>;
  /** Asks for a line of text, again while `check` throws a Failure. */
  type(question: string, options: { flag: string; check?: (text: string) => unknown }): Promise<string>;
}

/** Messages and progress of a workflow, on standard error. */
export interface Report {
  note(text: string): void;
  /** Shows a note once for each topic, however often it is called. */
  hint(topic: string, text: string): void;
  warn(text: string): void;
  /** Shows a rendered text of several lines, like a plan before its approval. */
  block(text: string): void;
  /** Shows the progress of a wait or of many cards; null ends that of a wait. */
  progress(progress: Progress | null): void;
}

/** The control endpoint of the embedded sandbox. @throws Failure if it is unreachable */
export interface SandboxControl {
  /** Sets a fault with a name, unless a fault with that name is set already. */
  putFault(name: string, fault: Fault): Promise<void>;
  /** Removes the fault with a name, if it is still set. */
  removeFault(name: string): Promise<void>;
  /** Moves the clock of the sandbox forward. @returns its new time, in milliseconds since the epoch */
  advance(milliseconds: number): Promise<number>;
}

/** Limits and intervals, in milliseconds. */
export interface Timing {
  /** The time for each card; null without a limit. */
  timeout: number | null;
  /** The first and the longest pause between two reads. */
  firstPause: number;
  interval: number;
  /** The time after a lost answer in which the production may still show the request. */
  settleWindow: number;
  /** The settle window of a request whose process was killed. */
  killedWindow: number;
}

/** Opens what a listener needs for as long as it is running. */
export interface Webhooks {
  openReceiver<Stored>(options: ReceiverOptions<Stored>): Promise<Receiver<Stored>>;
  openForwarder(options: ForwarderOptions): Promise<Forwarder>;
}

/** The source of a token, for users, and its end (milliseconds since the epoch; null if unknown). */
export interface TokenOrigin {
  source: string;
  endsAt: number | null;
  /** True if the token can't be renewed. */
  isLast?: boolean;
}

/**
 * The access of workflows to everything outside: the API, the journal, clocks, files, prompts. Only the composition root
 * (`cli/open-context.ts`) makes one.
 */
export interface Context {
  name: string;
  environment: Environment;
  /** The default profile, for references without one that the journal does not know; null if none is set. */
  profileId: number | null;
  /** True if the profile was set with a flag: then a card of another profile is a mistake. */
  profileIsExplicit: boolean;
  kiosks: readonly KioskId[];
  program: string | null;
  /** The reason for actions, for the journal. */
  reason: string | null;
  invocation: Invocation;
  /** Values that must never be shown. More may be added while a command is running. */
  secrets: readonly string[];
  timing: Timing;
  wise: Client;
  journal: Journal;
  /** The file of the journal as a whole. */
  journalFile: JournalFile;
  files: Files;
  stopwatch: Stopwatch;
  calendar: Calendar;
  uptime: Uptime;
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP, with a Failure as its reason. */
  signal: AbortSignal;
  /** Aborted by the second one, immediately before the process ends. */
  cut: AbortSignal;
  /** Requests with an effect whose answer is awaited: each returns the failure of a command that ends without the answer. */
  unanswered: Set<() => Failure>;
  ask: Ask;
  report: Report;
  webhooks: Webhooks;
  /** Returns the public key of the webhooks of this environment. */
  webhookKey(): Promise<PublicKey>;
  /** Returns the control of the embedded sandbox. @throws Failure `sandbox-only` in other environments */
  sandboxControl(): SandboxControl;
  /** Returns the runbook of the team; an empty one if there is none, or if it can't be used. */
  runbook(): Promise<Runbook>;
  /** Ensures that there is a token for a profile. @throws Failure `credentials-…` */
  authorize(profileId: number): Promise<TokenOrigin>;
  /** Returns the client key of the application, which owns the subscriptions. @throws Failure `credentials-…` */
  clientKey(): Promise<string>;
}
