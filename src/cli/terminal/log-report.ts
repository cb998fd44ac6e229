import type { LogSubject, Report } from '../../context/context.ts';

/** A line in the log of a server that prints JSON. */
export interface LogEntry extends LogSubject {
  level: 'debug' | 'info' | 'warning';
  message: string;
}

export type Log = (entry: LogEntry) => void;

interface LogOptions {
  /** True to log only warnings. */
  isQuiet: boolean;
  /** Completes the commands in messages. */
  complete: (text: string) => string;
}

/** Logs messages instead of showing them to a person. A server shows no progress. */
export class LogReport implements Report {
  readonly #log: Log;
  readonly #options: LogOptions;
  readonly #hinted = new Set<string>();

  constructor(log: Log, options: LogOptions) {
    this.#log = log;
    this.#options = options;
  }

  note(message: string): void {
    if (!this.#options.isQuiet) this.#write({ level: 'info', message });
  }

  hint(topic: string, text: string): void {
    if (this.#hinted.has(topic)) return;
    this.#hinted.add(topic);
    this.note(text);
  }

  warn(message: string, subject: LogSubject = {}): void {
    this.#write({ level: 'warning', message, ...subject });
  }

  block(text: string): void {
    this.note(text.trimEnd());
  }

  async learn(): Promise<void> {
    // A log has full references.
  }

  progress(): void {
    // A log has no progress.
  }

  #write({ message, ...entry }: LogEntry): void {
    this.#log({ ...entry, message: this.#options.complete(message) });
  }
}
