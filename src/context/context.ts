import type { Failure } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import type { Invocation } from '../domain/next-command.ts';
import type { Runbook } from '../domain/runbook.ts';
import type { Journal } from '../journal/journal.ts';
import type { Forwarder, ForwarderOptions } from '../webhooks/forwarder.ts';
import type { Receiver, ReceiverOptions } from '../webhooks/receiver.ts';
import type { PublicKey } from '../webhooks/signature.ts';
import type { Fault } from '../wire/fault.ts';
import type { Client } from '../wise/client.ts';
import type { Calendar, Stopwatch, Uptime } from './clocks.ts';
import type { Files } from './files.ts';
import type { Progress } from './progress.ts';

export type Environment = 'local' | 'sandbox' | 'production';

/** Prompts for workflows. In a non-interactive session they throw Failure `input-required`, with the flag. */
export interface Ask {
  /** True at once with `--yes`, unless only a person or the flag may answer. */
  confirm(question: string, options: { flag: string; isAnsweredByYes?: boolean }): Promise<boolean>;
  choose<Choice extends string>(
    question: string,
    options: { flag: string; choices: readonly Choice[] },
  ): Promise<Choice>;
  /** Asks for a line of text. @param options.check throws a Failure for one that won't do, which is then asked for again */
  type(question: string, options: { flag: string; check?: (text: string) => unknown }): Promise<string>;
}

/** Messages and progress of a workflow, on standard error. */
export interface Report {
  note(text: string): void;
  /** A note that is shown once in a command, however often it is given. @param topic which advice it is */
  hint(topic: string, text: string): void;
  warn(text: string): void;
  /** Shows a finished text of several lines, like a plan before it is approved. */
  block(text: string): void;
  /** Shows the progress of a wait or of many cards; null ends that of a wait. */
  progress(progress: Progress | null): void;
}

/** The control endpoint of the embedded sandbox. @throws Failure if it is unreachable */
export interface SandboxControl {
  /** Sets a fault under a name of the caller's choice, once: where it is still set, nothing changes. */
  putFault(name: string, fault: Fault): Promise<void>;
  /** Removes the fault of that name, as far as it was not used up. */
  removeFault(name: string): Promise<void>;
  /** Moves its clock on. @returns the time that it shows then, in milliseconds since the epoch */
  advance(milliseconds: number): Promise<number>;
}

/** Limits and intervals, in milliseconds. */
export interface Timing {
  /** The deadline of a whole command, per card of a list; null waits for ever. */
  timeout: number | null;
  /** The first and the longest pause between two reads. */
  firstPause: number;
  interval: number;
  /** The time after the loss of an answer in which a request may still show up in the production data. */
  settleWindow: number;
  /** The same for a request whose sender was killed. */
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
  /** Nothing renews it. */
  isLast?: boolean;
}

/**
 * Everything that a workflow needs from outside. Only the composition root (`cli/context`) makes one; workflows reach
 * the API, the journal, the clock and the person only through it.
 */
export interface Context {
  name: string;
  environment: Environment;
  /** The profile of a reference that nothing else knows; null where none is set. */
  profileId: number | null;
  /** Set when the user named the profile in this very command: a card of another one is then a mistake. */
  profileIsExplicit: boolean;
  /** The kiosks of this context. */
  kiosks: readonly KioskId[];
  program: string | null;
  /** Why this is done, for the journal. */
  reason: string | null;
  invocation: Invocation;
  /** Values that must never be shown; more of them may become known while a command runs. */
  secrets: readonly string[];
  timing: Timing;
  wise: Client;
  journal: Journal;
  files: Files;
  stopwatch: Stopwatch;
  calendar: Calendar;
  uptime: Uptime;
  /** Aborted by the first Ctrl-C or SIGTERM, with a Failure as its reason. */
  signal: AbortSignal;
  /** Aborted by the second one, immediately before the process ends. */
  cut: AbortSignal;
  /** Requests with an effect whose answer is awaited: each returns the failure of a command that ends without the answer. */
  unanswered: Set<() => Failure>;
  ask: Ask;
  report: Report;
  webhooks: Webhooks;
  /** The key with which webhooks are signed here: in PEM, and where it is from, for messages. */
  webhookKey(): Promise<PublicKey>;
  /** The embedded sandbox itself, for what only it can do. @throws Failure `sandbox-only` in other environments */
  sandboxControl(): SandboxControl;
  /** The runbook of the team; empty if there is none, or an unusable one. */
  runbook(): Promise<Runbook>;
  /** Makes sure that there is a token for a profile. @throws Failure `credentials-…` */
  authorize(profileId: number): Promise<TokenOrigin>;
  /** The client key of the application that subscribes. @throws Failure `credentials-…` without client credentials */
  clientKey(): Promise<string>;
}
