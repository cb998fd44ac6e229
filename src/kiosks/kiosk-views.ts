import { describeCoverage, toCoveredDocument } from '../context/coverage.ts';
import { formatReference, type KioskId } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { redact } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import type { Hold } from '../journal/journal.ts';
import { CHANGED, type Result, UNCHANGED } from '../output/result.ts';
import { localTime, type Style } from '../output/style.ts';
import { type Column, listResult, timeIn } from '../output/table.ts';
import type { Held } from './hold.ts';
import { type KioskOverview, toHoldDocument } from './kiosk-summary.ts';
import type { Overview } from './overview.ts';

/**
 * Creates the result of `kiosk list`.
 * @param changed the kiosks that changed since the last output of a watch; undefined outside of a watch
 */
export function overviewResult(
  { kiosks, withoutKiosk, covered, flags }: Overview,
  changed?: ReadonlySet<string>,
): Result {
  const days = describeDays(withoutKiosk);
  return listResult<KioskOverview>(
    [
      ...(changed ? [markOf(changed)] : []),
      ['Kiosk', 'kioskId'],
      ['Hold', { styled: ({ hold }, style) => (hold ? style.warning('on hold') : '–') }],
      ['In progress', { styled: describeInProgress }],
      ['Failed', { styled: (kiosk, style) => (kiosk.failed === 0 ? '0' : style.bad(describeFailed(kiosk))) }],
      [
        'Oldest failed',
        ({ oldestFailed }) => (oldestFailed?.failedAt ? localTime(oldestFailed.failedAt) : null),
        2,
      ],
      [
        'Out of days',
        { styled: (kiosk, style) => (describeDays(kiosk) ? style.warning(describeDays(kiosk)) : '–') },
        3,
      ],
      ['Last produced', timeIn('lastProducedAt'), 1],
    ],
    kiosks,
    {
      document: { kiosks, withoutKiosk, coverage: toCoveredDocument(covered) },
      reference: ({ kioskId }) => kioskId,
      empty: 'No kiosks are known yet.\n',
      footer: (style) =>
        [
          ...kiosks.flatMap((kiosk) => notesOn(kiosk, { style, flags })),
          ...(days
            ? [
                `Cards not sent to a kiosk yet: ${days}. Show them: ${commandLine(['status', '--expiring', '7d'], { flags })}`,
              ]
            : []),
          style.dim(describeCoverage(covered.coverage, localTime)),
        ]
          .map((line) => `${line}\n`)
          .join(''),
    },
  );
}

/** Column that marks changed kiosks. */
function markOf(changed: ReadonlySet<string>): Column<KioskOverview> {
  return [
    '',
    { styled: ({ kioskId }, style) => (changed.has(kioskId) ? style.warning(CHANGED) : UNCHANGED) },
  ];
}

/** Describes a kiosk in one line, for a watch whose output is not a terminal. */
export function kioskLine(kiosk: KioskOverview): string {
  const { kioskId, hold, inProgress, unknown, failed } = kiosk;
  const parts = [
    ...(hold ? ['on hold'] : []),
    `${inProgress} in progress`,
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    `failed: ${failed === 0 ? 0 : describeFailed(kiosk)}`,
  ];
  return printable(`${kioskId} ${parts.join(', ')}`);
}

function describeInProgress({ inProgress, unknown }: KioskOverview, style: Style): string {
  return `${inProgress}${unknown > 0 ? style.bad(` + ${unknown} unknown`) : ''}`;
}

/** Formats the number of failed cards by error code: `12 (PRD_HOPPER_DOOR 11, PRT_RIBBON 1)`. */
function describeFailed({ failed, failedByErrorCode }: KioskOverview): string {
  const codes = failedByErrorCode.map(({ errorCode, count }) => {
    const code = printable(errorCode ?? 'no code');
    return failedByErrorCode.length === 1 ? code : `${code} ${count}`;
  });
  return `${failed} (${codes.join(', ')})`;
}

/** Describes the cards that expire soon or have expired; empty for none. */
export function describeDays({
  expiringSoon,
  expired,
}: Pick<KioskOverview, 'expiringSoon' | 'expired'>): string {
  const parts = [
    ...(expiringSoon > 0 ? [`${expiringSoon} within 7 days`] : []),
    ...(expired > 0 ? [`${expired} expired`] : []),
  ];
  return parts.join(', ');
}

function notesOn(
  { kioskId, hold, busy, failed, oldestFailed }: KioskOverview,
  { style, flags }: { style: Style; flags: readonly string[] },
): string[] {
  const held =
    hold && `on hold since ${localTime(hold.since)}${untilOf(hold.until)}, set by ${hold.by}: ${hold.reason}`;
  const long =
    hold?.long &&
    `on hold for more than 24 h. If it works again: ${commandLine(['kiosk', 'release', kioskId], { flags })}`;
  const worked = busy && `locked since ${localTime(busy.since)} by ${busy.by} (${busy.act})`;
  const { daysLeft = null } = oldestFailed ?? {};
  const left = daysLeft === null ? '' : `, ${counted(daysLeft, 'day')} left`;
  const oldest = oldestFailed && `oldest failed card ${formatReference(oldestFailed)}${left}`;
  const line = (text: string) => printable(`${kioskId}: ${text}`);
  return [
    ...(held ? [style.warning(line(held))] : []),
    ...(long ? [style.warning(line(long))] : []),
    ...(worked ? [line(worked)] : []),
    ...(oldest ? [line(oldest)] : []),
    ...(failed > 0 && !busy
      ? [`Next: ${style.bold(printable(commandLine(['kiosk', 'recover', kioskId], { flags })))}`]
      : []),
  ];
}

/** Creates the result of `kiosk hold`. @param reach describes the journal that stores the hold */
export function holdResult(
  { hold, changed, isKnown }: Held,
  reach: { journal: string; host: string | null },
): Result {
  const { kioskId } = hold;
  const machine = reach.host === null ? '' : ` on ${printable(reach.host)}`;
  return {
    exitCode: 0,
    document: { kioskId, hold: toHoldDocument(hold), changed, known: isKnown, reach },
    references: [kioskId],
    text: (style) =>
      `${changed ? style.good('✓') : style.dim('=')} ${printable(describeHold(hold, { changed }))}
  The hold applies to this journal only: ${printable(reach.journal)}${machine}. Other journals and other systems can still send cards there.
`,
  };
}

/** Creates the result of releasing a kiosk. @param hold the hold that ended; null for none */
export function releaseResult(kioskId: KioskId, hold: Hold | null): Result {
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
  { kioskId, user, host, reason, heldAt, endsAt }: Hold,
  { changed, isOver = false }: { changed: boolean; isOver?: boolean },
): string {
  const why = redact(reason);
  const until = untilOf(endsAt);
  if (changed) return `Kiosk ${kioskId} is on hold${until}: ${why}`;
  const since = `since ${localTime(heldAt)}${until}, set by ${user}@${host}: ${why}`;
  return isOver ? `It was on hold ${since}` : `Kiosk ${kioskId} was on hold already, ${since}`;
}

export function untilOf(end: number | string | null): string {
  return end === null ? '' : `, until ${localTime(end)}`;
}
