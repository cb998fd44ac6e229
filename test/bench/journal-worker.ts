// A process of bench:journal: `journal-worker.ts WORK SOURCES PLACE COUNT`. SOURCES is the folder with the `src` to measure, and
// PLACE a file, or the address of a PostgreSQL schema as JSON. Prints its results as JSON lines.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Stopwatch } from '../../src/context/clocks.ts';
import { JournalChanges } from '../../src/context/journal-changes.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type * as OpenJournal from '../../src/journal/open-journal.ts';
import type * as PostgresJournal from '../../src/journal/postgres-journal.ts';
import { production, settleWindow } from '../harness/records.ts';

const isMain = import.meta.main;
const [work = '', sources = join(import.meta.dirname, '../..'), place = '', count = '0'] = isMain
  ? process.argv.slice(2)
  : [];

function print(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function source<Module>(path: string): Promise<Module> {
  return (await import(join(sources, 'src', path))) as Module;
}

export async function openPlace(from: string): Promise<Journal> {
  const options = { environment: 'sandbox', now: () => Date.now() };
  const { makeJournal, openSqliteJournal } = await source<typeof OpenJournal>('journal/open-journal.ts');
  if (!from.startsWith('{')) return openSqliteJournal({ ...options, file: from });
  const { loadPostgres } = await source<typeof PostgresJournal>('journal/postgres-journal.ts');
  const { password, ...address } = JSON.parse(from);
  const database = (await loadPostgres())({ address: { ...address, password: () => password } });
  return makeJournal(() => database, options);
}

/** One attempt, with the lease that it needs. */
export async function attempt(journal: Journal): Promise<void> {
  const cardToken = parseCardToken(randomUUID());
  const kioskId = parseKioskId('WIS00001');
  const at = Date.now();
  const subjects = [`card ${cardToken}`];
  await journal.takeLeases(subjects, 'send');
  const claim = await journal.claim({ profileId: 1, orderId: 1, cardToken, kioskId, reason: null, at });
  await journal.markSent(claim.attempt, {
    kioskId,
    orderId: 1,
    baseline: production('READY'),
    correlationId: randomUUID(),
    settleWindow: settleWindow(),
    at,
  });
  await journal.update(claim.attempt, { outcome: 'produced', at });
  await journal.releaseLeases(subjects);
}

const WARM = 20;

/** Prints the milliseconds of so many attempts, one after the other. */
async function attempts(journal: Journal): Promise<void> {
  for (let done = 0; done < WARM; done += 1) await attempt(journal);
  const started = performance.now();
  for (let done = 0; done < Number(count); done += 1) await attempt(journal);
  print(performance.now() - started);
}

const sleep = async (milliseconds: number, signal: AbortSignal) => pause(milliseconds, undefined, { signal });

/** Prints a line for each event that others store, like a command that waits for the events of a card. */
async function wait(journal: Journal): Promise<void> {
  const signal = new AbortController().signal;
  using changes = new JournalChanges({
    journal,
    stopwatch: new Stopwatch(() => performance.now(), sleep),
    signal,
  });
  let known = await journal.latestEventId();
  print('ready');
  for (let left = Number(count); left > 0; ) {
    await changes.sleep(1_000);
    const events = await journal.listEvents({ afterId: known });
    for (const { id } of events) print(id);
    known = events.at(-1)?.id ?? known;
    left -= events.length;
  }
}

if (isMain) {
  const WORK: Record<string, (journal: Journal) => Promise<void>> = { attempts, wait };
  const journal = await openPlace(place);
  await WORK[work]?.(journal);
  await journal.close();
}
