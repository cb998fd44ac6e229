import { name } from '../domain/card.ts';
import { formatReference } from '../domain/ids.ts';
import type { Result } from '../output/result.ts';
import type { Recovery } from './recover.ts';
import { selectedRetry } from './retry-views.ts';

/** What the recovery of a kiosk came to: what was done there, and its cards. @param signal what may have interrupted it */
export function recovered({ kioskId, released, destroyed, retry }: Recovery, signal: AbortSignal): Result {
  const result = selectedRetry(retry, signal);
  const done = [
    ...destroyed.map(
      (card) => `Recorded as destroyed: ${card ? name(card) : 'a card that nobody can tell'}\n`,
    ),
    ...(released ? [`Kiosk ${kioskId} is no longer on hold.\n`] : []),
  ];
  return {
    ...result,
    document: {
      kioskId,
      released: released !== null,
      destroyed: destroyed.map((card) => card && formatReference(card)),
      ...result.document,
    },
    text: async (style) => `${done.join('')}${await result.text(style)}`,
  };
}
