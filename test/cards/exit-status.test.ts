import { expect, test } from 'vitest';
import type { CardFacts } from '../../src/domain/card.ts';
import { exitStatusOf } from '../../src/status/status.ts';
import { attempt, card, DAY, production } from '../harness/records.ts';

const failed = (errorCode: string | null) => production('PRODUCTION_ERROR', { errorCode });

test.each<[string, Partial<CardFacts>, number]>([
  ['produced', { production: production('PRODUCED') }, 0],
  ['completed', { orderStatus: 'COMPLETED' }, 0],
  ['failed, for the people at the kiosk', { production: failed('PRD_HOPPER_DOOR') }, 4],
  ['failed, at once again', { production: failed('CB_TIME') }, 4],
  ['failed, for the vendor', { production: failed('CB_NOT_AVAILABLE') }, 5],
  ['failed with a code that nobody documented', { production: failed('PRD_LASER_TIRED') }, 5],
  ['failed without a code', { production: failed(null) }, 4],
  ['cancelled', { orderStatus: 'CANCELLED' }, 6],
  ['returned', { orderStatus: 'RETURNED' }, 6],
  ['expired', { production: production('READY'), age: 61 * DAY }, 6],
  ['an attempt without an answer', { production: production('READY'), attempt: attempt('unknown') }, 8],
  ['an attempt that its process left', { production: production('READY'), attempt: attempt('sent') }, 8],
  ['ready', { production: production('READY') }, 75],
  ['in progress', { production: production('IN_PROGRESS'), attempt: attempt('accepted') }, 75],
  ['queued', { production: production('READY'), attempt: attempt('queued') }, 75],
  ['placed', { orderStatus: 'PLACED' }, 75],
  ['unknown', { production: production('MELTED') }, 75],
  ['refused', { production: production('READY'), attempt: attempt('refused') }, 75],
])('status --exit-status of a card that is %s', (_, facts, exitCode) => {
  expect(exitStatusOf(card(facts), facts.attempt ?? null)).toBe(exitCode);
});
