import type { CoverageDocument } from '../context/coverage.ts';
import { formatReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { markdownCode, markdownTable, markdownText } from '../output/markup.ts';
import type { Result } from '../output/result.ts';
import type { Incident, IncidentCard, IncidentSetup } from './incident.ts';
import type { IncidentEntry } from './incident-entries.ts';

/** Renders an incident as Markdown that is also readable as plain text. */
export function renderIncident(incident: Incident): string {
  const { kioskId, since, until, cards, errors, timeline, notes, coverage, setup } = incident;
  const subject = kioskId === null ? counted(cards.length, 'card') : code(kioskId);
  return [
    `# Incident: ${subject}\n`,
    `From ${since ?? 'the beginning of the journal'} to ${until}.\n`,
    notes.map((note) => `- ${markdownText(note)}\n`).join(''),
    `## Cards\n`,
    markdownTable(['card', 'order', 'production', 'kiosk', 'error', 'attempts'], cards.map(cardRow)),
    `## Errors\n`,
    errors.length === 0
      ? 'No errors.\n'
      : markdownTable(
          ['code', 'of', 'meaning', 'who acts', 'next step'],
          errors.map((error) => [
            code(error.code),
            error.kind,
            markdownText(error.meaning),
            error.actor,
            markdownText(error.nextStep),
          ]),
        ),
    `## Timeline\n`,
    markdownTable(['time (UTC)', 'what', 'card', 'kiosk', 'by', 'more'], timeline.map(entryRow)),
    `## Listening\n`,
    coverageText(coverage),
    `## Set-up\n`,
    markdownTable(['setting', 'value'], setupRows(setup, incident.clockOffsetMs)),
  ].join('\n');
}

/** Creates the result for an incident that was written to a file. */
export function writtenIncident(
  { cards, timeline }: Incident,
  { file, format }: { file: string; format: string | null },
): Result {
  const counts = { cards: cards.length, entries: timeline.length };
  return {
    exitCode: 0,
    document: { file, format, ...counts },
    text: () => `Wrote ${printable(file)}. Cards: ${counts.cards}, entries: ${counts.entries}.\n`,
  };
}

function cardRow(card: IncidentCard): (string | null)[] {
  const { orderId, orderStatus, production, attempts } = card;
  const order = [orderId === null ? null : String(orderId), code(orderStatus)].filter(Boolean).join(' ');
  return [
    nameOf(card),
    order,
    code(production?.status ?? null),
    code(production?.kioskId ?? null),
    code(production?.errorCode ?? null),
    attempts.map(({ attempt, outcome }) => `#${attempt} ${outcome}`).join(', '),
  ];
}

function entryRow(entry: IncidentEntry): (string | null)[] {
  const { at, what, kioskId, by, errorCode, exitCode, signed } = entry;
  const ids: [string, string | null][] = [
    ['event', entry.eventId === null ? null : String(entry.eventId)],
    ['delivery', entry.deliveryId],
    ['attempt', entry.attemptId],
    ['correlation', entry.correlationId],
    ['trace', entry.traceId],
    ['occurred', entry.occurredAt],
    ['sent', entry.sentAt],
  ];
  const more = [
    code(errorCode),
    exitCode ? `exit ${exitCode} (${markdownText(entry.meaning ?? 'not one of kioskctl')})` : null,
    signed === false ? 'not signed by Wise' : null,
    entry.reason === null ? null : `“${markdownText(entry.reason)}”`,
    ...ids.map(([name, id]) => (id === null ? null : `${name} ${code(id)}`)),
  ];
  return [
    at,
    markdownText(what),
    nameOf(entry),
    code(kioskId),
    by && markdownText(by),
    more.filter(Boolean).join(', '),
  ];
}

function nameOf(one: Pick<IncidentCard, 'profileId' | 'cardToken' | 'orderId'>): string | null {
  return one.cardToken === null && one.orderId === null ? null : code(formatReference(one));
}

function coverageText({ from, to, listened, gaps }: CoverageDocument): string {
  if (listened.length === 0)
    return 'No webhook listener ran in this period, so events from Wise are missing.\n';
  if (gaps.length === 0) return `A webhook listener ran for the whole period, from ${from} to ${to}.\n`;
  const rows = gaps.map((gap) => [gap.from, gap.to]);
  return `No webhook listener ran in these gaps, so events may be missing.\n\n${markdownTable(['from', 'to'], rows)}`;
}

function setupRows(setup: IncidentSetup, clockOffset: number): (string | null)[][] {
  const { timeoutMs, apiHost } = setup;
  return [
    ['kioskctl', code(setup.kioskctl)],
    ['Node', code(setup.node)],
    ['journal schema', String(setup.journalSchema)],
    ['context', code(setup.context)],
    ['environment', code(setup.environment)],
    ['API', apiHost === null ? 'the embedded sandbox' : code(apiHost)],
    ['API version', code(setup.apiVersion)],
    ['longest wait', timeoutMs === null ? 'unlimited' : formatDuration(timeoutMs)],
    ['longest pause between checks', formatDuration(setup.intervalMs)],
    ['settle window', formatDuration(setup.settleWindowMs)],
    ['clock of the API', `${clockOffset < 0 ? '-' : '+'}${formatDuration(Math.abs(clockOffset))}`],
  ];
}

function code(text: string): string;
function code(text: string | null): string | null;
function code(text: string | null): string | null {
  return text === null ? null : markdownCode(text);
}
