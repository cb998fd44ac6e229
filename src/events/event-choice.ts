import { Failure } from '../domain/errors/failure.ts';
import { parseReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { type ChosenValues, EventChoice } from './event-filter.ts';

/**
 * Reads which events to choose: `status=PRODUCED`, `kiosk=WIS00001`, `card=1001/501`, `type=production`.
 * @throws Failure `usage`, `invalid-reference`
 */
export function parseEventChoice(texts: readonly string[]): EventChoice {
  const chosen: ChosenValues = { type: [], card: [], kiosk: [], status: [] };
  for (const text of texts) {
    const [, kind = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
    if (kind === 'card') chosen.card.push(parseReference(value));
    else if (kind === 'status') chosen.status.push(value.toUpperCase());
    else if (kind === 'type' || kind === 'kiosk') chosen[kind].push(value);
    else throw notAChoice(text);
  }
  return new EventChoice(chosen);
}

function notAChoice(text: string): Failure {
  return new Failure('usage', `“${printable(text.slice(0, 80))}” chooses no events.`, {
    hint: 'Write type=production, card=1001/501, kiosk=WIS00001 or status=PRODUCED.',
  });
}
