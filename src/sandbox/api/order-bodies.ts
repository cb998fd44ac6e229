import type { Card } from '../state/tables/cards.ts';
import { isoTime } from '../state/tables/clock.ts';
import type { Order } from '../state/tables/orders.ts';
import { CLIENT_ID } from '../state/tables/seed.ts';
import { findProgram } from './programs.ts';

const DAY = 86_400_000;
const DELIVERY_DAYS = 7;
const CARD_YEARS = 5;

/** The vendor's CardOrder. */
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
    creationTime: isoTime(order.createdAt),
    modificationTime: isoTime(order.modifiedAt),
    status: order.status,
    cardHolderName: request.cardHolderName,
    phoneNumber: phoneOf(order),
    lifetimeLimit: request.lifetimeLimit ?? null,
    deliveryEstimate: isoTime(order.createdAt + (isPhysical ? DELIVERY_DAYS * DAY : 0)),
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

/** The vendor's Card. @param order the one that it came from */
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
    creationTime: isoTime(card.createdAt),
    modificationTime: isoTime(card.modifiedAt),
  };
}

/** The order's own number, else one of the profile, from the range that is reserved for fiction. */
function phoneOf({ request, profileId }: Order): string {
  return request.phoneNumber ?? `+447700900${String(profileId % 1_000).padStart(3, '0')}`;
}

/** Cards expire at the end of a month. */
function expiryOf(createdAt: number): string {
  const created = new Date(createdAt);
  const lastDay = Date.UTC(created.getUTCFullYear() + CARD_YEARS, created.getUTCMonth() + 1, 0);
  return isoTime(lastDay).replace('.000Z', 'Z');
}
