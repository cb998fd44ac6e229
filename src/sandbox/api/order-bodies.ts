import { utcTime } from '../../domain/times/vendor-time.ts';
import type { Card } from '../state/tables/cards.ts';
import type { Moment } from '../state/tables/clock.ts';
import { type CardType, countPlaces, type Order } from '../state/tables/orders.ts';
import { CLIENT_ID, type Profile } from '../state/tables/profiles.ts';

const DAY = 86_400_000;
const DELIVERY_DAYS = 7;
const CARD_YEARS = 5;

/** Converts an order to the `CardOrder` schema of the Wise API. */
export function toCardOrder(order: Order): Record<string, unknown> {
  const { request } = order;
  const isPhysical = order.cardType === 'PHYSICAL';
  return {
    id: order.id,
    profileId: order.profileId,
    clientId: CLIENT_ID,
    cardProgram: findProgram(request.program),
    address: { secondLine: null, thirdLine: null, state: null, ...request.address },
    cardToken: order.cardToken,
    replacesCard: null,
    creationTime: utcTime(order.createdAt),
    modificationTime: utcTime(order.modifiedAt),
    status: order.status,
    cardHolderName: request.cardHolderName,
    phoneNumber: phoneOf(order),
    lifetimeLimit: request.lifetimeLimit ?? null,
    deliveryEstimate: utcTime(order.createdAt + (isPhysical ? DELIVERY_DAYS * DAY : 0)),
    deliveryDetails: isPhysical
      ? {
          deliveryOption: request.deliveryOption ?? 'POSTAL_SERVICE_STANDARD',
          deliveryVendor: null,
          trackingUrl: null,
          trackingNumber: null,
        }
      : null,
  };
}

/** Converts a card to the `Card` schema of the Wise API. @param order the order of the card */
export function toCard(card: Card, order: Order): Record<string, unknown> {
  const isPhysical = order.cardType === 'PHYSICAL';
  return {
    token: card.token,
    profileId: card.profileId,
    clientId: CLIENT_ID,
    status: { value: card.status },
    cardHolderName: order.request.cardHolderName,
    expiryDate: expiryOf(card.createdAt),
    lastFourDigits: card.lastFourDigits,
    bankIdentificationNumber: '459600',
    phoneNumber: phoneOf(order),
    cardProgram: {
      ...findProgram(order.request.program),
      cardType: isPhysical ? 'PHYSICAL' : 'VIRTUAL',
    },
    unlockSpendingPermissions: isPhysical ? 'WITH_FIRST_CHIP_AND_PIN_TRANSACTION' : 'NONE',
    creationTime: utcTime(card.createdAt),
    modificationTime: utcTime(card.modifiedAt),
  };
}

/** Returns the phone number of the order, or a number from the range reserved for fiction. */
function phoneOf({ request, profileId }: Order): string {
  return request.phoneNumber ?? `+447700900${String(profileId % 1_000).padStart(3, '0')}`;
}

/** Returns the expiry date of a card: the last day of a month. */
function expiryOf(createdAt: number): string {
  const created = new Date(createdAt);
  const lastDay = Date.UTC(created.getUTCFullYear() + CARD_YEARS, created.getUTCMonth() + 1, 0);
  return utcTime(lastDay).replace('.000Z', 'Z');
}

export interface Program {
  name: string;
  scheme: 'VISA';
  defaultCurrency: string;
  cardType: CardType;
}

export const PHYSICAL_PROGRAM = 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API';

const PROGRAMS: readonly Program[] = [
  {
    name: PHYSICAL_PROGRAM,
    scheme: 'VISA',
    defaultCurrency: 'GBP',
    cardType: 'PHYSICAL',
  },
  {
    name: 'VISA_DEBIT_CONSUMER_UK_1_CARDS_API',
    scheme: 'VISA',
    defaultCurrency: 'GBP',
    cardType: 'VIRTUAL_NON_UPGRADEABLE',
  },
];

export function findProgram(name: string): Program | undefined {
  return PROGRAMS.find((program) => program.name === name);
}

/** Returns the programs with which a profile can currently order a card. */
export function availablePrograms(moment: Moment, profile: Profile): Program[] {
  return PROGRAMS.filter(({ cardType }) => limitReached(moment, profile, cardType) === null);
}

/** Maximum number of virtual cards of a profile. Source: the limits of Wise's sandbox. */
const VIRTUAL_CARDS = 30;
/** Maximum number of new virtual cards of a profile per day. Source: the limits of Wise's sandbox. */
const VIRTUAL_CARDS_A_DAY = 3;

/**
 * Returns the name of the card limit that a profile has reached; null if it may order another card of this type. Wise
 * documents only the limits. Assumptions: cancelled orders, returned orders and blocked cards don't count; a day is the
 * last 24 hours; once a limit is reached, the programs are unavailable and orders fail with 422.
 */
export function limitReached(
  { db, at }: Moment,
  { id, physicalCardLimit }: Profile,
  cardType: CardType,
): string | null {
  if (physicalCardLimit === null) return null;
  const places = (since?: number) =>
    countPlaces(db, { profileId: id, cardType, ...(since !== undefined && { since }) });
  if (cardType === 'PHYSICAL')
    return places() >= physicalCardLimit ? `${physicalCardLimit} physical cards` : null;
  if (places() >= VIRTUAL_CARDS) return `${VIRTUAL_CARDS} virtual cards`;
  return places(at - DAY) >= VIRTUAL_CARDS_A_DAY ? `${VIRTUAL_CARDS_A_DAY} virtual cards a day` : null;
}
