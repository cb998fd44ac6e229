import type { Failure } from '../domain/errors/failure.ts';
import type { CardIdentity, KioskId } from '../domain/ids.ts';
import type { Invocation } from '../domain/next-command.ts';
import type { Runbook } from '../domain/runbook.ts';
import type { AdminOptions, AdminServer } from '../http/admin-server.ts';
import type { ReceiverAgent } from '../http/post.ts';
import type { ActionPlan, Journal } from '../journal/journal.ts';
import type { JournalFile } from '../journal/journal-file.ts';
import type { JournalServer } from '../journal/journal-server.ts';
import type { JobQueue } from '../queue/job-queue.ts';
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
 * Prompts. In a non-interactive session, they throw Failure `input-required`, which names the flag to use. Flags are
 * passed as users type them, with `<NAME>` for a value: `--yes`, `--reason <TEXT>`.
 */
export interface Ask {
  /**
   * In a non-interactive session, reports all missing flags in one failure, before the first prompt.
   * @throws Failure `input-required`
   */
  requireAnswers(flags: readonly string[]): void;
  /** Asks a yes-or-no question. `--yes` answers it, unless `isAnsweredByYes` is false: then only `flag` does. */
  confirm(question: string, options: { flag: string; isAnsweredByYes?: boolean }): Promise<boolean>;
  choose<Choice extends string>(
    question: string,
    options: {
      flag: string;
      choices: readonly Choice[];
      /** Preselected choice (default: the first one). */
      likely?: Choice | undefined;
    },
  ): Promise<Choice>;
  /** Asks for a line of text. Repeats the prompt while `check` throws a Failure. */
  type(question: string, options: { flag: string; check?: (text: string) => unknown }): Promise<string>;
}

/** The things that a message is about, for the log of a server. */
export interface LogSubject {
  eventId?: number | undefined;
  /** PROFILE/TOKEN */
  card?: string | undefined;
  traceId?: string | undefined;
}

/** Messages and progress, on standard error. */
export interface Report {
  note(text: string): void;
  /** Shows a note, at most once per topic. */
  hint(topic: string, text: string): void;
  warn(text: string, subject?: LogSubject): void;
  /** Shows a text of several lines, like a plan before its confirmation. */
  block(text: string): void;
  /** Loads the short name of a card that the journal knows, for all later messages. */
  learn(card: CardIdentity): Promise<void>;
  /** Shows progress; null removes the progress of a wait. */
  progress(progress: Progress | null): void;
}

/** Client of the embedded sandbox's control endpoint. Methods throw a Failure if it is unreachable. */
interface SandboxControl {
  /** Sets a named fault. Does nothing if a fault with this name exists. */
  putFault(name: string, fault: Fault): Promise<void>;
  /** Removes a named fault. Does nothing if it does not exist. */
  removeFault(name: string): Promise<void>;
  /** Advances the sandbox's clock. @returns the new time, in milliseconds since the epoch */
  advance(milliseconds: number): Promise<number>;
}

/** Timeouts and intervals, in milliseconds. */
export interface Timing {
  /** Timeout for each card; null for none. */
  timeout: number | null;
  /** Initial and maximum pause between two reads. */
  firstPause: number;
  interval: number;
  /** Maximum pause while the usual end of a step is further away than `interval`. */
  longestPause: number;
  /** Time after a lost response in which the request may still show up in the production. */
  settleWindow: number;
  /** Settle window if the process that sent the request was killed. */
  killedWindow: number;
}

/** Opens the parts of a webhook server. Each part stays open while the server is running. */
export interface Webhooks {
  openReceiver<Stored>(options: ReceiverOptions<Stored>): Promise<Receiver<Stored>>;
  openForwarder(options: ForwarderOptions): Promise<Forwarder>;
  openAdminServer(options: AdminOptions): Promise<AdminServer>;
  /**
   * Returns the agent for requests to a receiver through the proxy of the environment; null for direct requests.
   * @throws Failure `usage` for an invalid proxy
   */
  openAgent(receiver: URL): Promise<ReceiverAgent | null>;
}

/** The source of a token (for messages) and its expiry, in milliseconds since the epoch; null if unknown. */
export interface TokenOrigin {
  source: string;
  endsAt: number | null;
  /** True if the token can't be renewed after its expiry. */
  isLast?: boolean;
}

/** Loads the operations on a journal's server. @param login connects as this login instead of the one in the URL */
type OpenJournalServer = (login?: string) => Promise<JournalServer>;

/** Loads the jobs of a journal's server. */
export type OpenJobQueue = () => Promise<JobQueue>;

/**
 * The only access of workflows to the outside: the API, the journal, clocks, files, prompts. Created by
 * `cli/open-context.ts`.
 */
export interface Context {
  name: string;
  environment: Environment;
  /** Default profile, for cards whose profile is neither in their reference nor in the journal; null for none. */
  profileId: number | null;
  /** True if a flag set the profile. A card of another profile is then an error. */
  profileIsExplicit: boolean;
  kiosks: readonly KioskId[];
  program: string | null;
  /** Reason of the user for actions, recorded in the audit log; null for none. */
  reason: string | null;
  /** The detached plan that is carried out, recorded with its actions; absent for a command. */
  plan?: ActionPlan;
  invocation: Invocation;
  /** Values to redact in all output. More may be added while a command is running. */
  secrets: readonly string[];
  timing: Timing;
  wise: Client;
  journal: Journal;
  /** File operations on the journal: inspect, back up, replace. */
  journalFile: JournalFile;
  /** Opens operations on the journal's server; null for a journal in a file. */
  journalServer: OpenJournalServer | null;
  /** Opens the jobs of the journal's server; null for a journal in a file. */
  jobQueue: OpenJobQueue | null;
  files: Files;
  stopwatch: Stopwatch;
  calendar: Calendar;
  uptime: Uptime;
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP, with a Failure as reason. */
  signal: AbortSignal;
  /** Aborted by the second such signal, just before the process exits. */
  cut: AbortSignal;
  /**
   * Requests with an effect that are in flight. Each function returns the failure to report if the command ends before
   * the response.
   */
  unanswered: Set<() => Failure>;
  ask: Ask;
  report: Report;
  webhooks: Webhooks;
  /** Returns the public key that verifies webhooks in this environment. */
  webhookKey(): Promise<PublicKey>;
  /** Returns the control client of the embedded sandbox. @throws Failure `sandbox-only` in other environments */
  sandboxControl(): SandboxControl;
  /** Returns the team's runbook. It is empty if none is set or if it is unusable. */
  runbook(): Promise<Runbook>;
  /** Ensures that a token for a profile is available. @throws Failure `credentials-…` */
  authorize(profileId: number): Promise<TokenOrigin>;
  /** Returns the client key of the application that owns the webhook subscriptions. @throws Failure `credentials-…` */
  clientKey(): Promise<string>;
}
