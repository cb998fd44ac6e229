import { type Attempt, OPEN_OUTCOMES } from '../domain/attempt.ts';
import type { CardToken } from '../domain/ids.ts';
import type { Claim, Journal, Observed } from './journal.ts';
import * as attempts from './tables/attempts.ts';
import { isHeld } from './tables/leases.ts';
import { present, type Store } from './write-queue.ts';

type AttemptsPart = Pick<
  Journal,
  'latestAttempt' | 'listAttempts' | 'claim' | 'release' | 'markSent' | 'update' | 'recordObserved' | 'isHeld'
>;

/** The attempts on cards, of which one at most is open on each. */
export function sqliteAttempts({ db, commit, environment, now, holder }: Store): AttemptsPart {
  const insert = (attempt: { claim: Claim } | { observed: Observed }): Attempt =>
    present(attempts.findAttempt(db, attempts.insertAttempt(db, environment, { holder, ...attempt })));

  /** The open attempt on a card, unless it is a claim that its process left behind: that one is removed. */
  const openAttempt = (cardToken: CardToken): Attempt | null => {
    const open = attempts.findOpenAttempt(db, environment, cardToken);
    if (open?.outcome !== 'claimed' || isHeld(open, now())) return open;
    attempts.deleteClaim(db, open.id);
    return null;
  };

  return {
    latestAttempt: async (cardToken) => attempts.findLatestAttempt(db, environment, cardToken),
    listAttempts: async (cardToken) => attempts.listAttempts(db, environment, cardToken),
    claim: async (claim) =>
      commit.write(() => {
        const open = openAttempt(claim.cardToken);
        return open ? { attempt: open, claimed: false } : { attempt: insert({ claim }), claimed: true };
      }),
    release: async ({ id }) => commit.write(() => attempts.deleteClaim(db, id)),
    markSent: async ({ id }, sending) =>
      commit.write(() => (attempts.markSent(db, id, sending) ? attempts.findAttempt(db, id) : null)),
    update: async ({ id }, update) =>
      commit.write(() => {
        const closes = !OPEN_OUTCOMES.some((outcome) => outcome === update.outcome);
        attempts.updateAttempt(db, id, { ...update, closes });
        return present(attempts.findAttempt(db, id));
      }),
    recordObserved: async (observed) =>
      commit.write(() => {
        const open = openAttempt(observed.cardToken);
        if (open && open.outcome !== 'claimed') return open;
        // An attempt in progress takes the place of a claim, which then can't be sent any more.
        if (open && observed.outcome === 'accepted') {
          attempts.deleteClaim(db, open.id);
          return insert({ observed });
        }
        const attempt = insert({ observed });
        if (open) attempts.moveBehind(db, open, attempt);
        return present(attempts.findAttempt(db, attempt.id));
      }),
    isHeld: async (attempt) => isHeld(attempt, now()),
  };
}
