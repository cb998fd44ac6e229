import type { Statement, Statements } from '../../database/database.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';
import { OWNER_FIELDS, type OwnerRow, ownerColumns, selectList, withOwner } from '../store/columns.ts';
import { Conditions } from '../store/conditions.ts';
import type { Heartbeat } from '../store/heartbeats.ts';
import { lostLease, renewals } from '../store/lease-renewal.ts';
import type { Scope, Store } from '../store/store.ts';

/** The lock of a process on a card or kiosk. */
export interface Lease {
  /** `card TOKEN` or `kiosk ID`. */
  subject: string;
  action: string;
  owner: OwnerProcess;
  takenAt: number;
  /**
   * True if its process is running; null while this is undecided: the lease is of another machine, and has been
   * observed for less than 10 seconds.
   */
  isRunning: boolean | null;
  /** Milliseconds until the lease expires if its process was killed. */
  freeIn: number;
}

export interface LeasesJournal {
  /**
   * Acquires leases on all given cards and kiosks, or on none. If a lease is acquired several times, it is renewed
   * until it was released as many times. A lease expires if its process is killed, or suspended for 10 seconds.
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
    const rows = leases.filter(({ connection }) => connection !== store.connection);
    const checked = await store.heartbeats.check(db, { rows, heartbeatOf });
    return checked.filter(({ isRunning }) => isRunning !== false);
  };
  /** Deletes leases of ended processes. @returns the leases of running processes; if there are any, nothing is deleted */
  const removeEnded = async (scope: Scope, subjects: readonly string[]): Promise<Lease[]> => {
    const leases = (await findLeases(scope, subjects)).filter(
      ({ connection }) => connection !== store.connection,
    );
    const others = await foreignOf(scope.db, leases);
    if (others.length > 0) return others;
    for (const { sql, parameters } of leases.flatMap((lease) => deletionsOf({ ...scope, ...lease })))
      await scope.db.run(sql, parameters);
    return [];
  };
  return {
    takeLeases: async (subjects, action) => {
      await store.announce();
      while (!(await own.takeUnlessTaken(subjects, action))) {
        const others = await store.write(async (scope) => removeEnded(scope, subjects));
        if (others.length > 0) return others;
      }
      return [];
    },
    releaseLeases: async (subjects) => {
      own.count(subjects, -1);
      own.keepRenewed();
      await own.removeUncounted(subjects);
    },
    listLeases: async () => foreignOf(store.db, await listLeases(store)),
    holdsLeases: async (subjects) => {
      const leases = await findLeases(store, subjects);
      return (
        leases.length === subjects.length && leases.every(({ connection }) => connection === store.connection)
      );
    },
    renewLeases: async (subjects) => {
      const statements = await renewals(store, subjects);
      const { rows } = await store.batch(statements);
      for (const [index, renewed] of rows.entries())
        if (renewed.length === 0) throw lostLease(subjects[index]);
    },
  };
}

function heartbeatOf({ connection, subject, owner, renewedAt, renewedUptime }: LeaseRow): Heartbeat {
  return { key: `${connection} ${subject}`, owner, at: renewedAt, uptime: renewedUptime };
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
    store.onClose(() => this.#stopRenewal());
  }

  count(subjects: readonly string[], change: 1 | -1): void {
    for (const subject of subjects) {
      const count = (this.#taken.get(subject) ?? 0) + change;
      if (count > 0) this.#taken.set(subject, count);
      else this.#taken.delete(subject);
    }
  }

  /**
   * Acquires all of some leases or none of them, in one round trip.
   * @returns false if it acquired none, because another process has a lease on one of the subjects, even an expired one
   */
  async takeUnlessTaken(subjects: readonly string[], action: string): Promise<boolean> {
    const { environment, connection, owner, heartbeats } = this.#store;
    const { parameters, ...times } = await heartbeats.stamp();
    const foreign = new Conditions('environment = :environment', { environment });
    foreign.add(`subject IN (${foreign.list('among', subjects)})`);
    foreign.add('owner <> :connection', { connection });
    const find = `SELECT subject FROM leases WHERE ${foreign.where}`;
    const put = putLeaseSql({ ...times, where: `NOT EXISTS (${find})` });
    const values = { ...foreign.parameters, ...ownerColumns(owner), ...parameters, action };
    const statements = subjects.map((subject) => ({ sql: put, parameters: { ...values, subject } }));
    const check = { sql: find, parameters: foreign.parameters };
    let isTaken = false;
    this.count(subjects, 1);
    try {
      const { rows } = await this.#store.batch([...statements, check]);
      isTaken = rows.at(-1)?.length === 0;
    } finally {
      if (!isTaken) this.count(subjects, -1);
      this.keepRenewed();
    }
    // Deletes the leases that another part of this process released while the statements were executed.
    if (!isTaken) await this.removeUncounted(subjects);
    return isTaken;
  }

  async removeUncounted(subjects: readonly string[]): Promise<void> {
    const { environment, connection } = this.#store;
    const statements = subjects
      .filter((subject) => !this.#taken.has(subject))
      .flatMap((subject) => deletionsOf({ environment, subject, connection }));
    if (statements.length > 0) await this.#store.batch(statements);
  }

  /** Renews the leases regularly. A failed renewal is retried at the next interval; at worst, the leases expire. */
  keepRenewed(): void {
    if (this.#taken.size > 0) this.#timer ??= setInterval(() => void this.#renew(), RENEWAL_MS).unref();
    else this.#stopRenewal();
  }

  #stopRenewal(): void {
    clearInterval(this.#timer ?? undefined);
    this.#timer = null;
  }

  async #renew(): Promise<void> {
    const { environment, connection, heartbeats, db } = this.#store;
    try {
      const { at, uptime, parameters } = await heartbeats.stamp();
      const sql = `UPDATE leases SET renewed_at = ${at}, renewed_uptime = ${uptime}
        WHERE environment = :environment AND owner = :connection`;
      await db.batch([{ sql, parameters: { environment, connection, ...parameters } }], { isQuiet: true });
    } catch {
      // The next interval tries again.
    }
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

/**
 * Returns the statement that stores a lease. A lease that we already have is stored again, because it may have expired
 * while this process was suspended.
 * @param options SQL expressions of the times, and the condition
 */
function putLeaseSql({ at, uptime, where }: { at: string; uptime: string; where: string }): string {
  return `INSERT INTO leases (environment, subject, act, owner, holder_host, holder_user, holder_pid, holder_started_at,
       holder_boot, holder_namespace, taken_at, renewed_at, renewed_uptime)
     SELECT :environment, :subject, :action, :connection, :holderHost, :holderUser, :holderPid, :holderStartedAt,
       :holderBoot, :holderNamespace, ${at}, ${at}, ${uptime} WHERE ${where}
     ON CONFLICT (environment, subject) DO UPDATE SET act = excluded.act, owner = excluded.owner,
       holder_host = excluded.holder_host, holder_user = excluded.holder_user, holder_pid = excluded.holder_pid,
       holder_started_at = excluded.holder_started_at, holder_boot = excluded.holder_boot,
       holder_namespace = excluded.holder_namespace, taken_at = excluded.taken_at, renewed_at = excluded.renewed_at,
       renewed_uptime = excluded.renewed_uptime`;
}

type LeaseKey = Pick<LeaseRow, 'subject' | 'connection'> & Pick<Scope, 'environment'>;

/** Returns the statements that delete a lease, and end its claims even if this process acquires the lease again. */
function deletionsOf({ environment, subject, connection }: LeaseKey): Statement[] {
  return [
    {
      sql: 'DELETE FROM leases WHERE environment = :environment AND subject = :subject AND owner = :connection',
      parameters: { environment, subject, connection },
    },
    {
      sql: `UPDATE attempts SET lease = NULL WHERE environment = :environment AND card_token = :cardToken
         AND lease = :connection AND closed_at IS NULL`,
      parameters: { environment, connection, cardToken: subject.replace(/^card /, '') },
    },
  ];
}
