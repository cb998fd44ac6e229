import type { CardEvent } from './event.ts';
import { Failure } from './failure.ts';
import { parseReference } from './reference.ts';
import { printable } from './terminal-text.ts';

type Test = (event: CardEvent) => boolean;

/** The tests by what they are about. A type may be given without the `cards#card-` and `-status-change` around it. */
const TESTS: Readonly<Record<string, (value: string) => Test>> = {
  type: (value) => (event) => [event.eventType, shortType(event.eventType)].includes(value),
  card: (value) => {
    const { profileId, cardToken, orderId } = parseReference(value);
    return (event) =>
      (profileId === null || event.profileId === profileId) &&
      (cardToken === null ? event.orderId === orderId : event.cardToken === cardToken);
  },
  kiosk: (value) => (event) => event.kioskId === value,
  status: (value) => (event) => event.status === value.toUpperCase(),
};

/**
 * Which events to show, as flags write it: `status=PRODUCED`, `kiosk=WIS00001`, `card=1001/501`, `type=production`.
 * Of the same kind either is enough, of different kinds all must hold. Without any, all events are chosen.
 * @throws Failure `usage`, `invalid-reference`
 */
export function parseEventChoice(texts: readonly string[]): Test {
  const byKind = new Map<string, Test[]>();
  for (const text of texts) {
    const [, kind = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
    const make = Object.hasOwn(TESTS, kind) ? TESTS[kind] : undefined;
    if (!make) throw notAChoice(text);
    byKind.set(kind, [...(byKind.get(kind) ?? []), make(value)]);
  }
  return (event) => [...byKind.values()].every((tests) => tests.some((test) => test(event)));
}

/** `production` for `cards#card-production-status-change`; other types stay as they are. */
export function shortType(eventType: string): string {
  return /^cards#card-(\w+)-status-change$/.exec(eventType)?.[1] ?? eventType;
}

function notAChoice(text: string): Failure {
  return new Failure('usage', `“${printable(text.slice(0, 80))}” chooses no events.`, {
    hint: 'Write type=production, card=1001/501, kiosk=WIS00001 or status=PRODUCED.',
  });
}
