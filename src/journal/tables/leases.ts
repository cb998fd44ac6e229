import type { Statements } from '../../database/database.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import { failure } from '../../domain/errors/failure.ts';
import { OWNER_FIELDS, type OwnerRow, ownerColumns, selectList, withOwner } from '../store/columns.ts';
import type { Heartbeat } from '../store/heartbeats.ts';
import type { Scope, Store } from '../store/store.ts';

/** The lock of a process on a card or kiosk. */
export interface Lease {
  /** `card TOKEN` or `kiosk ID`. */
  subject: string;
  action: string;
  owner: OwnerProcess;
  takenAt: number;
  /** null while undecided: the lease is of another machine, and has been observed for less than 10 seconds. */
  isRunning: boolean | null;
  /** Milliseconds until the lease expires if its process was killed. */
  freeIn: number;
}

export interface LeasesJournal {
  /**
   * Acquires leases on all given cards and kiosks, or on none. They are renewed until they are released as often as
   * they were acquired. A lease expires if its process is killed, or suspended for 10 seconds.
   * @param subjects `card TOKEN` or `kiosk ID`
   * @returns the leases of other processes; empty on success
   */
  takeLeases(subjects: readonly string[], action: string): Promise<Lease[]>;
  releaseLeases(subjects: readonly string[]): Promise<void>;
  /** Lists the leases of other processes. */
  listLeases(): Promise<Lease[]>;
  /** True if this process still has the leases. They expire if the process is suspended. */
  holdsLeases(subjects: readonly string[]): Promise<boolean>;
  /** Renews leases for 10 seconds. @throws Failure `leased` if one has expired, because this process was suspended */
  renewLeases(subjects: readonly string[]): Promise<void>;
}

const RENEWAL_MS = 2_000;

/** A lease with the data that determine if it has expired. */
interface LeaseRow extends Omit<Lease, 'isRunning' | 'freeIn'> {
  /** Id of the open journal that acquired the lease: a process may have several. SQL column `owner`. */
  connection: string;
  renewedAt: number;
  renewedUptime: number | null;
}

export function leasesTable(store: Store): LeasesJournal {
  const own = new OwnLeases(store);
  const foreignOf = async (db: Statements, leases: readonly LeaseRow[]): Promise<Lease[]> => {
    const rows = leases.filter(({ connection }) => connection !== own.connection);
    const checked = await store.heartbeats.check(db, { rows, heartbeatOf });
    return checked.filter(({ isRunning }) => isRunning !== false);
  };
  return {
    takeLeases: async (subjects, action) => {
      await store.announce();
      const count = once(() => own.count(subjects, 1));
      const foreign = await store.write(async (scope) => {
        const leases = await findLeases(scope, subjects);
        const others = await foreignOf(scope.db, leases);
        if (others.length > 0) return others;
        count();
        await own.put(scope, subjects, action);
        return [];
      });
      own.keepRenewed();
      return foreign;
    },
    releaseLeases: async (subjects) => {
      const count = once(() => own.count(subjects, -1));
      await store.write(async (scope) => {
        count();
        await own.removeUncounted(scope, subjects);
      });
      own.keepRenewed();
    },
    listLeases: async () => foreignOf(store.db, await listLeases(store)),
    holdsLeases: async (subjects) => {
      const leases = await findLeases(store, subjects);
      return (
        leases.length === subjects.length && leases.every(({ connection }) => connection === own.connection)
      );
    },
    renewLeases: async (subjects) => store.write(async (scope) => renewLeases(store, scope, subjects)),
  };
}

function heartbeatOf({ connection, subject, owner, renewedAt, renewedUptime }: LeaseRow): Heartbeat {
  return { key: `${connection} ${subject}`, owner, at: renewedAt, uptime: renewedUptime };
}

/** Renews leases, within a transaction. @throws Failure `leased` if one of them is no longer ours */
export async function renewLeases(
  { connection, heartbeats }: Store,
  { db, environment }: Scope,
  subjects: readonly string[],
): Promise<void> {
  const times = await heartbeats.beat(db);
  for (const subject of subjects) {
    const { changes } = await db.run(
      `UPDATE leases SET renewed_at = :at, renewed_uptime = :uptime
       WHERE environment = :environment AND subject = :subject AND owner = :connection`,
      { environment, subject, connection, ...times },
    );
    if (changes === 1) continue;
    const message = `This process was suspended and lost its lock on ${subject}.`;
    throw failure('leased', message, 'Nothing was sent: run the command again.');
  }
}

/** Wraps work so that it runs at most once, even if its transaction is retried. */
function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}

/** True if the lease of a claim is still valid; null while undecided. */
export async function hasLease(
  store: Scope & Pick<Store, 'heartbeats'>,
  attemptId: string,
): Promise<boolean | null> {
  const { db } = store;
  const row = await db.get<RawLease>(
    `${SELECT} AND subject = (SELECT 'card ' || card_token FROM attempts WHERE id = :attemptId)
       AND owner = (SELECT lease FROM attempts WHERE id = :attemptId)`,
    { environment: store.environment, attemptId },
  );
  const rows = row === undefined ? [] : [withOwner(row)];
  const [lease] = await store.heartbeats.check(db, { rows, heartbeatOf });
  return lease === undefined ? false : lease.isRunning;
}

/** The leases of one open journal, with the number of acquisitions of each, and the timer that renews them. */
class OwnLeases {
  readonly #store: Store;
  readonly #taken = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  get connection(): string {
    return this.#store.connection;
  }

  count(subjects: readonly string[], change: 1 | -1): void {
    for (const subject of subjects) {
      const count = (this.#taken.get(subject) ?? 0) + change;
      if (count > 0) this.#taken.set(subject, count);
      else this.#taken.delete(subject);
    }
  }

  /** Stores leases, including those that we already have: they may have expired while this process was suspended. */
  async put(scope: Scope, subjects: readonly string[], action: string): Promise<void> {
    const { connection } = this;
    const { owner, heartbeats } = this.#store;
    const { at, uptime } = await heartbeats.beat(scope.db);
    const times = { takenAt: at, renewedAt: at, renewedUptime: uptime };
    for (const subject of subjects) {
      await putLease(scope, { subject, action, connection, owner, ...times });
    }
  }

  async removeUncounted(scope: Scope, subjects: readonly string[]): Promise<void> {
    for (const subject of subjects)
      if (!this.#taken.has(subject)) await deleteLease(scope, { subject, connection: this.connection });
  }

  /** Renews the leases regularly. A failed renewal is retried at the next interval; at worst, the leases expire. */
  keepRenewed(): void {
    if (this.#taken.size > 0) {
      this.#timer ??= setInterval(() => void this.#renew(), RENEWAL_MS).unref();
      return;
    }
    clearInterval(this.#timer ?? undefined);
    this.#timer = null;
  }

  async #renew(): Promise<void> {
    const { connection } = this;
    await this.#store
      .transaction(async ({ db, environment }) =>
        db.run(
          'UPDATE leases SET renewed_at = :at, renewed_uptime = :uptime WHERE environment = :environment AND owner = :connection',
          { environment, connection, ...(await this.#store.heartbeats.beat(db)) },
        ),
      )
      .catch(() => undefined);
  }
}

const SELECT = `SELECT ${selectList(['subject', ...OWNER_FIELDS, 'takenAt', 'renewedAt', 'renewedUptime'])}, act AS "action",
  owner AS "connection" FROM leases WHERE environment = :environment`;

type RawLease = Omit<LeaseRow, 'owner'> & OwnerRow;

async function findLeases({ db, environment }: Scope, subjects: readonly string[]): Promise<LeaseRow[]> {
  const leases: LeaseRow[] = [];
  for (const subject of subjects) {
    const row = await db.get<RawLease>(`${SELECT} AND subject = :subject`, { environment, subject });
    if (row) leases.push(withOwner(row));
  }
  return leases;
}

async function listLeases({ db, environment }: Scope): Promise<LeaseRow[]> {
  return (await db.all<RawLease>(`${SELECT} ORDER BY taken_at`, { environment })).map(withOwner);
}

async function putLease({ db, environment }: Scope, { owner, ...lease }: LeaseRow): Promise<void> {
  await db.run(
    `INSERT INTO leases (environment, subject, act, owner, holder_host, holder_user, holder_pid, holder_started_at,
       holder_boot, holder_namespace, taken_at, renewed_at, renewed_uptime)
     VALUES (:environment, :subject, :action, :connection, :holderHost, :holderUser, :holderPid, :holderStartedAt,
       :holderBoot, :holderNamespace, :takenAt, :renewedAt, :renewedUptime)
     ON CONFLICT (environment, subject) DO UPDATE SET act = :action, owner = :connection, holder_host = :holderHost,
       holder_user = :holderUser, holder_pid = :holderPid, holder_started_at = :holderStartedAt, holder_boot = :holderBoot,
       holder_namespace = :holderNamespace, taken_at = :takenAt, renewed_at = :renewedAt, renewed_uptime = :renewedUptime`,
    { environment, ...lease, ...ownerColumns(owner) },
  );
}

async function deleteLease(
  { db, environment }: Scope,
  lease: { subject: string; connection: string },
): Promise<void> {
  await db.run(
    'DELETE FROM leases WHERE environment = :environment AND subject = :subject AND owner = :connection',
    { environment, ...lease },
  );
  // Ends the claims of this lease, even if this process acquires the next lease on the card.
  await db.run(
    `UPDATE attempts SET lease = NULL WHERE environment = :environment AND card_token = :cardToken
       AND lease = :connection AND closed_at IS NULL`,
    { environment, connection: lease.connection, cardToken: lease.subject.replace(/^card /, '') },
  );
}
