import type { OwnerProcess } from '../../domain/attempt.ts';
import { OWNER_FIELDS, type OwnerRow, ownerColumns, selectList, withOwner } from '../store/columns.ts';
import { mayBeRunning } from '../store/owner.ts';
import type { Scope, Store } from '../store/store.ts';

/** A card or kiosk that a process works on right now. */
export interface Lease {
  /** `card TOKEN` or `kiosk ID`. */
  subject: string;
  action: string;
  owner: OwnerProcess;
  takenAt: number;
}

export interface LeasesJournal {
  /**
   * Takes leases on cards and kiosks, or none of them. They are renewed until they are released, as often as they were
   * taken; those of a process that died, or was suspended for 10 seconds, are free.
   * @param subjects `card TOKEN` or `kiosk ID`
   * @returns those that another process owns
   */
  takeLeases(subjects: readonly string[], action: string): Promise<Lease[]>;
  releaseLeases(subjects: readonly string[]): Promise<void>;
  /** All that other processes own right now. */
  listLeases(): Promise<Lease[]>;
  /** True if these are still ours. A process that was suspended may have lost them. */
  holdsLeases(subjects: readonly string[]): Promise<boolean>;
}

/** A lease that was not renewed for this long has ended, even if its process is still running. */
const LEASE_MS = 10_000;

const RENEWAL_MS = 2_000;

/** A lease with what decides if it has ended. */
interface LeaseRow extends Lease {
  /** The open journal that took it: a process may have several. Column `owner`. */
  connection: string;
  renewedAt: number;
}

export function leasesTable(store: Store): LeasesJournal {
  const own = new OwnLeases(store);
  const isForeign = ({ connection, renewedAt, owner }: LeaseRow) =>
    connection !== own.connection && store.now() - renewedAt < LEASE_MS && mayBeRunning(owner);
  return {
    takeLeases: async (subjects, action) => {
      const foreign = await store.write(async (scope) => {
        const leases = await findLeases(scope, subjects);
        const others = leases.filter(isForeign);
        if (others.length === 0) await own.take(scope, subjects, action);
        return others;
      });
      own.keepRenewed();
      return foreign;
    },
    releaseLeases: async (subjects) => {
      await store.write(async (scope) => own.release(scope, subjects));
      own.keepRenewed();
    },
    listLeases: async () => (await listLeases(store)).filter(isForeign),
    holdsLeases: async (subjects) => {
      const leases = await findLeases(store, subjects);
      return (
        leases.length === subjects.length && leases.every(({ connection }) => connection === own.connection)
      );
    },
  };
}

/** The leases of one journal: the number of times that each was taken, and the timer that renews them. */
class OwnLeases {
  readonly #store: Store;
  #connection: string | null = null;
  readonly #taken = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Made when it is first needed: most commands take no lease, and Node's crypto is slow to load. */
  get connection(): string {
    return (this.#connection ??= crypto.randomUUID());
  }

  async take(scope: Scope, subjects: readonly string[], action: string): Promise<void> {
    const { connection } = this;
    const { now, owner } = this.#store;
    for (const subject of subjects) {
      this.#taken.set(subject, (this.#taken.get(subject) ?? 0) + 1);
      // Also one that was taken before: this process may have been suspended and have lost it.
      await putLease(scope, { subject, action, connection, owner, takenAt: now(), renewedAt: now() });
    }
  }

  async release(scope: Scope, subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) {
      const count = this.#taken.get(subject) ?? 0;
      if (count > 1) this.#taken.set(subject, count - 1);
      else {
        this.#taken.delete(subject);
        await deleteLease(scope, { subject, connection: this.connection });
      }
    }
  }

  /** Renews while any is taken. A renewal that fails is left to the next one: at worst the leases end. */
  keepRenewed(): void {
    if (this.#taken.size > 0) {
      this.#timer ??= setInterval(() => void this.#renew(), RENEWAL_MS).unref();
      return;
    }
    clearInterval(this.#timer ?? undefined);
    this.#timer = null;
  }

  async #renew(): Promise<void> {
    const { db, environment, now } = this.#store;
    await db
      .run('UPDATE leases SET renewed_at = :at WHERE environment = :environment AND owner = :connection', {
        environment,
        connection: this.connection,
        at: now(),
      })
      .catch(() => undefined);
  }
}

const SELECT = `SELECT ${selectList(['subject', ...OWNER_FIELDS, 'takenAt', 'renewedAt'])}, act AS "action",
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
       taken_at, renewed_at)
     VALUES (:environment, :subject, :action, :connection, :holderHost, :holderUser, :holderPid, :holderStartedAt,
       :takenAt, :renewedAt)
     ON CONFLICT (environment, subject) DO UPDATE SET act = :action, owner = :connection, holder_host = :holderHost,
       holder_user = :holderUser, holder_pid = :holderPid, holder_started_at = :holderStartedAt, taken_at = :takenAt,
       renewed_at = :renewedAt`,
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
}
