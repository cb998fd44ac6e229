import type { CardEvent } from '../domain/event.ts';
import type { CardToken, Reference } from '../domain/ids.ts';

/** Filter values by kind. An empty list matches everything. */
export interface ChosenValues {
  /** `cards#card-production-status-change`, or the short form `production`. */
  type: string[];
  card: Reference[];
  kiosk: string[];
  status: string[];
}

/** A filter for the events that a listener shows and forwards. Values of a kind are ORed, kinds are ANDed. */
export class EventChoice {
  readonly #chosen: ChosenValues;
  /** Card tokens of the selected orders, because production events contain no order id. */
  readonly #cardTokens = new Map<number, string>();

  constructor(chosen: ChosenValues) {
    this.#chosen = chosen;
  }

  /** The order ids that the user selected. */
  get orderIds(): number[] {
    return this.#chosen.card.flatMap(({ orderId, cardToken }) =>
      orderId !== null && cardToken === null ? [orderId] : [],
    );
  }

  addCard(orderId: number, cardToken: CardToken): void {
    this.#cardTokens.set(orderId, cardToken);
  }

  isChosen(event: CardEvent): boolean {
    const { type, card, kiosk, status } = this.#chosen;
    const { orderId, cardToken } = event;
    if (orderId !== null && cardToken !== null && this.orderIds.includes(orderId))
      this.addCard(orderId, cardToken);
    return (
      isOneOf(type, (value) => value === event.eventType || value === shortType(event.eventType)) &&
      isOneOf(card, (reference) => this.#isOfCard(event, reference)) &&
      isOneOf(kiosk, (value) => value === event.kioskId) &&
      isOneOf(status, (value) => value === event.status)
    );
  }

  #isOfCard(event: CardEvent, { profileId, cardToken, orderId }: Reference): boolean {
    if (profileId !== null && event.profileId !== profileId) return false;
    if (orderId !== null && event.orderId === orderId) return true;
    const token = cardToken ?? (orderId === null ? null : (this.#cardTokens.get(orderId) ?? null));
    return token !== null && event.cardToken === token;
  }
}

function isOneOf<Value>(values: readonly Value[], test: (value: Value) => boolean): boolean {
  return values.length === 0 || values.some(test);
}

/** Returns the short form `production` for `cards#card-production-status-change`; other types unchanged. */
function shortType(eventType: string): string {
  return /^cards#card-(\w+)-status-change$/.exec(eventType)?.[1] ?? eventType;
}
