import type { Journal } from './journal.ts';
import * as leases from './tables/leases.ts';
import { mayBeAlive } from './tables/leases.ts';
import type { Store } from './write-queue.ts';

/** A lease that was not renewed for this long has ended, even when its process is still there. */
const LEASE_MS = 10_000;

const RENEWAL_MS = 2_000;

/** Who works on which card, and at which kiosk. */
export function sqliteLeases(
  store: Store,
): Pick<Journal, 'takeLeases' | 'releaseLeases' | 'listLeases' | 'holdsLeases'> {
  const { db, commit, environment, now } = store;
  const own = new OwnLeases(store);
  const isHeld = (lease: leases.KeptLease) => now() - lease.renewedAt < LEASE_MS && mayBeAlive(lease.owner);
  return {
    takeLeases: async (subjects, act) => {
      const foreign = await commit.write(() => {
        const found = subjects.flatMap((subject) => leases.findLease(db, environment, subject) ?? []);
        const others = found.filter((lease) => lease.connection !== own.owner && isHeld(lease));
        if (others.length === 0) own.put(subjects, act);
        return others;
      });
      own.keepUp();
      return foreign;
    },
    releaseLeases: async (subjects) => {
      await commit.write(() => own.release(subjects));
      own.keepUp();
    },
    listLeases: async () =>
      leases.listLeases(db, environment).filter((lease) => lease.connection !== own.owner && isHeld(lease)),
    holdsLeases: async (subjects) =>
      subjects.every((subject) => leases.findLease(db, environment, subject)?.connection === own.owner),
  };
}

/** The leases of one journal: how often each was taken, and the timer that renews them. */
class OwnLeases {
  readonly #store: Store;
  #owner: string | null = null;
  readonly #taken = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Made when it is first needed: most commands take no lease, and Node's crypto takes its time to load. */
  get owner(): string {
    return (this.#owner ??= crypto.randomUUID());
  }

  put(subjects: readonly string[], act: string): void {
    const { db, environment, now, holder } = this.#store;
    for (const subject of subjects) {
      this.#taken.set(subject, (this.#taken.get(subject) ?? 0) + 1);
      // Also one that was taken before: this process may have stood still and lost it.
      leases.putLease(db, environment, { subject, act, owner: this.owner, holder, at: now() });
    }
  }

  release(subjects: readonly string[]): void {
    const { db, environment } = this.#store;
    for (const subject of subjects) {
      const count = this.#taken.get(subject) ?? 0;
      if (count > 1) this.#taken.set(subject, count - 1);
      else {
        this.#taken.delete(subject);
        leases.deleteLease(db, environment, { subject, owner: this.owner });
      }
    }
  }

  /** Renews while anything is held. A renewal that fails is left to the next one: at worst the leases end. */
  keepUp(): void {
    if (this.#taken.size === 0) {
      clearInterval(this.#timer ?? undefined);
      this.#timer = null;
      return;
    }
    this.#timer ??= setInterval(() => this.#renew(), RENEWAL_MS).unref();
  }

  #renew(): void {
    const { db, environment, now } = this.#store;
    try {
      leases.renewLeases(db, environment, { owner: this.owner, at: now() });
    } catch {
      // Said by whatever writes next.
    }
  }
}
