import { describeCoverage, toCoveredDocument } from '../context/coverage.ts';
import { ACTOR_NAMES } from '../domain/errors/vendor-errors.ts';
import { formatReference } from '../domain/ids.ts';
import { toShell } from '../domain/next-command.ts';
import { type CardFailure, failureOf, type JournalCard, kioskOf } from '../domain/selection.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { Result } from '../output/result.ts';
import { localTime, type Style } from '../output/style.ts';
import { describeFailures, type KioskOverview, nextWords } from './kiosk-summary.ts';
import { describeDays, untilOf } from './kiosk-views.ts';
import type { Overview } from './overview.ts';

/** Kiosks with their cards in progress, their failures with the fix, and the next command of each. */
export interface Details extends Overview {
  kiosks: KioskDetails[];
  /** Failures of all these kiosks, for the runbook. */
  failures: CardFailure[];
}

/** A kiosk with all that the journal knows of its unfinished cards. */
interface KioskDetails extends KioskOverview {
  cardsInProgress: ReturnType<typeof toCardInProgress>[];
  failures: ReturnType<typeof describeFailures>;
  next: string | null;
  nextArgv: string[] | null;
}

/** Adds the details of the kiosks to an overview. */
export function withDetails(seen: Overview): Details {
  const byKiosk = Map.groupBy(seen.cards, kioskOf);
  const kiosks = seen.kiosks.map((kiosk) => {
    const cards = byKiosk.get(kiosk.kioskId) ?? [];
    const words = nextWords(kiosk);
    const nextArgv = words && ['kioskctl', ...words, ...seen.flags];
    return {
      ...kiosk,
      cardsInProgress: cards
        .filter(({ card }) => card.stage === 'in-progress')
        .map((one) => toCardInProgress(one, seen.now)),
      failures: describeFailures(cards),
      next: nextArgv && toShell(nextArgv),
      nextArgv,
    };
  });
  const cards = kiosks.flatMap(({ kioskId }) => byKiosk.get(kioskId) ?? []);
  return { ...seen, kiosks, failures: cards.flatMap((one) => failureOf(one) ?? []) };
}

/** @param now time of Wise's clock, in milliseconds since the epoch */
function toCardInProgress({ card, changedAt }: JournalCard, now: number) {
  const { profileId, orderId, cardToken } = card;
  const seconds = changedAt === null ? null : Math.max(0, Math.round((now - changedAt) / 1_000));
  return { profileId, orderId, cardToken, since: utcTime(changedAt), seconds };
}

/** Creates the result of `kiosk show`. */
export function detailsResult({ kiosks, withoutKiosk, covered, failures }: Details): Result {
  return {
    exitCode: 0,
    document: { kiosks, withoutKiosk, coverage: toCoveredDocument(covered) },
    references: kiosks.map(({ kioskId }) => kioskId),
    failures,
    text: (style) =>
      `${kiosks.map((kiosk) => renderKiosk(kiosk, style)).join('\n')}${style.dim(describeCoverage(covered.coverage, localTime))}\n`,
  };
}

function renderKiosk(kiosk: KioskDetails, style: Style): string {
  const { kioskId, inContext, hold, busy, unknown, cardsInProgress, lastProducedAt, next } = kiosk;
  const days = describeDays(kiosk);
  const rows: [title: string, value: string, lines?: string[]][] = [
    ['Hold', hold ? style.warning(printable(describeHold(hold))) : 'none'],
    ...(busy ? [row('Locked by', `${busy.by} (${busy.act}), since ${localTime(busy.since)}`)] : []),
    ['In progress', String(cardsInProgress.length), cardsInProgress.map(describeCard)],
    ...(unknown > 0 ? [row('Unknown', style.bad(counted(unknown, 'card')))] : []),
    ['Failed', describeFailed(kiosk, style), failureLines(kiosk)],
    ...(days ? [row('Out of days', style.warning(days))] : []),
    ['Last produced', lastProducedAt === null ? 'never' : localTime(lastProducedAt)],
  ];
  const lines = rows.flatMap(([title, value, more = []]) => [
    `  ${`${title}:`.padEnd(15)}${value}`,
    ...more.map((line) => `    ${line}`),
  ]);
  if (next !== null) lines.push(`  Next: ${next}`);
  const note = inContext ? '' : ' (not a kiosk of the context)';
  return [`${style.bold(printable(kioskId))}${note}`, ...lines].map((line) => `${line}\n`).join('');
}

function row(title: string, value: string): [string, string] {
  return [title, value];
}

function describeHold({ since, until, by, reason, long }: NonNullable<KioskDetails['hold']>): string {
  const age = long ? ', for more than 24 h' : '';
  return `on hold since ${localTime(since)}${untilOf(until)}${age}, set by ${by}: ${reason}`;
}

function describeCard({ seconds, ...card }: KioskDetails['cardsInProgress'][number]): string {
  const elapsed = seconds === null ? '' : `, for ${formatDuration(seconds * 1_000)}`;
  return `${printable(formatReference(card))}${elapsed}`;
}

function describeFailed({ failed, oldestFailed }: KioskDetails, style: Style): string {
  if (!oldestFailed) return '0';
  const { failedAt, daysLeft } = oldestFailed;
  const since = failedAt === null ? '' : ` since ${localTime(failedAt)}`;
  const left = daysLeft === null ? '' : `, ${counted(daysLeft, 'day')} left`;
  return style.bad(`${failed}, the oldest ${printable(formatReference(oldestFailed))}${since}${left}`);
}

/** Describes each error code in a line: number of cards, meaning, fix, and who applies it. */
function failureLines({ failures }: KioskDetails): string[] {
  const codes = failures.map(({ errorCode }) => printable(errorCode ?? 'no code'));
  const width = Math.max(...codes.map(({ length }) => length));
  return failures.map(({ count, meaning, nextStep, actor }, index) => {
    const code = codes[index]?.padEnd(width);
    return `${code}  ${counted(count, 'card')}: ${meaning} ${nextStep} Who acts: ${ACTOR_NAMES[actor]}.`;
  });
}
