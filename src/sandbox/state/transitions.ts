import { cancelOrder, createDetails, markProduced } from './order-flow.ts';
import { finishAttempt, makeReady, startQueued } from './production-flow.ts';
import type { Moment } from './tables/clock.ts';
import { type Transition, takeDue } from './tables/productions.ts';

/** Applies the transitions that are due, in order, each at its due time. Needs the write lock. */
export function applyDue(moment: Moment): void {
  for (;;) {
    const next = takeDue(moment.db, moment.at);
    if (!next) return;
    apply({ ...moment, at: next.dueAt }, next.transition);
  }
}

function apply(moment: Moment, transition: Transition): void {
  switch (transition.kind) {
    case 'details-created':
      return createDetails(moment, transition.orderId);
    case 'order-produced':
      return markProduced(moment, transition.orderId);
    case 'cancelled':
      return cancelOrder(moment, transition.orderId);
    case 'ready':
      return makeReady(moment, transition.cardToken);
    case 'started':
      return startQueued(moment, transition);
    case 'finished':
      return finishAttempt(moment, transition);
  }
}
