// A journal for each test, and other processes that use it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { IN_MEMORY } from '../../src/database/sqlite.ts';
import type { Attempt } from '../../src/domain/attempt.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Claim, Journal, KnownCard, Observed, Sending } from '../../src/journal/journal.ts';
import {
  type JournalOptions,
  makeJournal,
  openJournalFile,
  openSqliteJournal,
} from '../../src/journal/open-journal.ts';
import { uptimeNow } from '../../src/machine/boot.ts';
import { production, settleWindow, TOKEN } from './records.ts';

const OTHER_PROCESS = join(import.meta.dirname, 'other-process.ts');

/** A location for journals of one implementation, and their shared clock. */
export abstract class Fixture {
  /** Identifies the location for other processes. */
  abstract readonly place: string;
  /** Number of journals for a property test. */
  abstract readonly repetitions: number;
  now: number = Date.now();
  /** Rounded, so that sums of times are exact; up, so that no lease of another process was renewed later. */
  #start = { now: this.now, uptime: Math.ceil(uptimeNow()) };

  /** Returns the time of the uptime clock, which advances with the calendar of this fixture, not of the machine. */
  readonly uptime = (): number => this.#start.uptime + (this.now - this.#start.now);

  /** Opens the journal like another command. */
  abstract open(environment?: string): Journal;

  /** Opens an empty journal of its own. */
  abstract openEmpty(): Journal;

  claim(more: Partial<Claim> = {}): Claim {
    return {
      profileId: 1001,
      orderId: 501,
      cardToken: TOKEN,
      kioskId: parseKioskId('WIS00001'),
      reason: null,
      at: this.now,
      ...more,
    };
  }

  sending(more: Partial<Sending> = {}): Sending {
    return {
      kioskId: parseKioskId('WIS00001'),
      orderId: 501,
      baseline: production('READY'),
      correlationId: '0e0c0f0e-0000-4000-8000-000000000001',
      settleWindow: settleWindow(),
      at: this.now,
      ...more,
    };
  }

  observed(outcome: Observed['outcome'], more: Partial<Observed> = {}): Observed {
    const status = { accepted: 'IN_PROGRESS', produced: 'PRODUCED' }[outcome as string] ?? 'PRODUCTION_ERROR';
    const { reason: _, ...claim } = this.claim();
    return { ...claim, outcome, production: production(status), ...more };
  }

  /** Acquires a lease on a card and claims the card. @throws Failure `leased` while another journal has the lease */
  async claimed(journal: Journal, more: Partial<Claim> = {}): ReturnType<Journal['claim']> {
    const claim = this.claim(more);
    await journal.takeLeases([`card ${claim.cardToken}`], 'send');
    return journal.claim(claim);
  }

  /** Returns an attempt that this process claimed and sent. */
  async sent(journal: Journal, more: Partial<Claim> = {}): Promise<Attempt> {
    const { attempt, claimed } = await this.claimed(journal, more);
    if (!claimed) throw new Error(`not claimed: ${attempt.outcome}`);
    const sent = await journal.markSent(attempt, this.sending());
    if (!sent) throw new Error('the claim was lost');
    return sent;
  }

  /**
   * Starts a process that waits after one action: claiming a card, sending it, starting to cancel it, or acquiring its
   * lease. Both clocks then show the time of that action.
   */
  async rival(act: 'claim' | 'send' | 'cancel' | 'lease', cardToken = TOKEN): Promise<Rival> {
    const [work, then] = act === 'lease' ? ['lease', []] : ['attempt', act === 'claim' ? [] : [act]];
    const child = spawn(process.execPath, [OTHER_PROCESS, work, this.place, cardToken, ...then], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const { at, uptime, ...rest } = JSON.parse(line) as Omit<Rival, 'child'> & { at: number; uptime: number };
    this.now = at;
    this.#start = { now: at, uptime: Math.ceil(uptime) };
    return { ...rest, child };
  }
}

interface Rival {
  id: string;
  claimed: boolean;
  /** False also if the process was only to claim the card. */
  sent: boolean;
  child: ChildProcess;
}

/** Kills a process with SIGKILL. */
export async function kill({ child }: Rival): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

export function known(more: Partial<KnownCard> = {}): KnownCard {
  return {
    profileId: 1001,
    orderId: 501,
    cardToken: TOKEN,
    cardCreatedAt: null,
    deliveryOption: null,
    orderStatus: null,
    ...more,
  };
}

/** Journals in SQLite files. */
export class SqliteFixture extends Fixture {
  override readonly repetitions = 100;
  readonly folder: string = mkdtempSync(join(tmpdir(), 'kioskctl-journal-'));
  readonly file: string = join(this.folder, 'journal.db');
  override readonly place: string = this.file;
  #memory: Database | null = null;
  #environments = 0;

  constructor() {
    super();
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  override open(environment = 'sandbox'): Journal {
    const journal = openSqliteJournal({ file: this.file, ...this.#options(environment) });
    onTestFinished(async () => journal.close());
    return journal;
  }

  /** A journal shows the rows of its environment only: creating the tables takes a hundred times as long as a row. */
  override openEmpty(): Journal {
    const memory = (this.#memory ??= this.#openMemory());
    this.#environments += 1;
    const journal = makeJournal(() => memory, this.#options(`sandbox ${this.#environments}`));
    // The others continue.
    return Object.assign(journal, { close: async () => Promise.resolve() });
  }

  #openMemory(): Database {
    const memory = openJournalFile({ file: IN_MEMORY });
    onTestFinished(async () => memory.close());
    return memory;
  }

  #options(environment: string): JournalOptions {
    return { environment, now: () => this.now, uptime: this.uptime };
  }
}
