import { hostname } from 'node:os';
import { redact } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { Hold } from '../journal/journal.ts';
import { localTime } from '../output/local-time.ts';
import type { Result } from '../output/result.ts';
import type { Held } from './hold.ts';
import { toHoldDocument } from './overview.ts';

/** A hold that was set, or was there already. @param journalFile that keeps it: no other knows of it */
export function holdResult({ hold, changed, isKnown }: Held, journalFile: string): Result {
  const { kioskId } = hold;
  const host = hostname();
  const reach = { journal: journalFile, host };
  return {
    exitCode: 0,
    document: { kioskId, hold: toHoldDocument(hold), changed, known: isKnown, reach },
    references: [kioskId],
    text: (style) =>
      `${changed ? style.good('✓') : style.dim('=')} ${printable(describeHold(hold, { changed }))}
  It reaches as far as this journal, ${printable(journalFile)} on ${printable(host)}: others, and other systems, still send cards there.
`,
  };
}

/** @param hold that ended; null when there was none */
export function releaseResult(kioskId: string, hold: Hold | null): Result {
  const text = hold
    ? `Kiosk ${kioskId} is released. ${describeHold(hold, { changed: false, isOver: true })}`
    : `Kiosk ${kioskId} was not on hold.`;
  return {
    exitCode: 0,
    document: { kioskId, hold: toHoldDocument(hold ?? undefined), changed: hold !== null },
    references: [kioskId],
    text: (style) => `${hold ? style.good('✓') : style.dim('=')} ${printable(text)}\n`,
  };
}

function describeHold(
  { kioskId, user, host, reason, heldAt }: Hold,
  { changed, isOver = false }: { changed: boolean; isOver?: boolean },
): string {
  const why = redact(reason);
  if (changed) return `Kiosk ${kioskId} is on hold: ${why}`;
  const since = `since ${localTime(heldAt)}, set by ${user}@${host}: ${why}`;
  return isOver ? `It was on hold ${since}` : `Kiosk ${kioskId} was on hold already, ${since}`;
}
