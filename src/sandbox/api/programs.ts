import type { Moment } from '../state/tables/clock.ts';
import { type CardType, countPhysicalOrders } from '../state/tables/orders.ts';
import type { Profile } from '../state/tables/profiles.ts';

export interface Program {
  name: string;
  scheme: 'VISA';
  defaultCurrency: string;
  cardType: CardType;
}

const PROGRAMS: readonly Program[] = [
  {
    name: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
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

/** The programs in which a profile may order a card now. */
export function availablePrograms(moment: Moment, profile: Profile): Program[] {
  return PROGRAMS.filter(({ cardType }) => cardType !== 'PHYSICAL' || !hasReachedLimit(moment, profile));
}

/**
 * Does a profile have as many physical cards as it may? Assumptions, because no public page says it: a cancelled order
 * frees its place, and a reached limit takes the physical programs out of the availability and makes orders fail (422).
 */
export function hasReachedLimit({ db }: Moment, { id, physicalCardLimit }: Profile): boolean {
  return physicalCardLimit !== null && countPhysicalOrders(db, id) >= physicalCardLimit;
}
