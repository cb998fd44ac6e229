import { type ActionRecord, outcomeOfAction, toActionDocument } from '../domain/action.ts';
import { type CatalogueEntry, ERROR_CATALOGUE } from '../domain/errors/error-catalogue.ts';
import { meaningOf } from '../domain/errors/exit-codes.ts';
import { ACTOR_NAMES, type ErrorKind, type RetryAdvice } from '../domain/errors/vendor-errors.ts';
import { formatReference } from '../domain/ids.ts';
import { findPage, type Runbook, type RunbookPage } from '../domain/runbook.ts';
import { redact } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { describe, type LocatedDiagnostic } from '../input/diagnostic.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import { type Column, listResult, renderTable, timeIn, WIDE_ONLY } from '../output/table.ts';
import type { AuditTrail } from './log.ts';

const ADVICE: Record<RetryAdvice, string> = {
  now: 'immediately',
  'after-fix': 'after the fix',
  reconcile: 'check the production first',
  never: 'never: order a new card',
};

/** Renders runbook pages; empty for none. */
export function renderPages(pages: readonly RunbookPage[], style: Style): string {
  return pages
    .map((page) => `${style.bold(`Runbook, ${printable(page.code)}`)}\n${pageLines(page)}`)
    .join('');
}

/** Renders a page in indented lines: steps, link, contact. */
function pageLines({ owner, steps, link, contact, retry }: RunbookPage): string {
  const rows: [string, string | null][] = [
    ['Owner', owner],
    ['Retry', retry && ADVICE[retry]],
    ['Contact', contact],
    ['Link', link],
  ];
  const facts = rows.flatMap(([title, value]) =>
    value === null ? [] : [`  ${`${title}:`.padEnd(11)}${printable(value)}`],
  );
  const numbered = steps.map((step, index) => `  ${index + 1}. ${printable(step)}`);
  return [...numbered, ...facts].map((line) => `${line}\n`).join('');
}

/** Renders the result of `runbook check`: one line per mistake, in the format of compilers (`FILE:LINE:COLUMN`). */
export function renderChecked({ file, codes, mistakes, warnings }: Checked, style: Style): string {
  const name = printable(file);
  const line = (finding: LocatedDiagnostic, mark: string) =>
    `${name}:${finding.line}:${finding.column}: ${mark} ${describe(finding)}\n`;
  const verdict =
    mistakes.length > 0
      ? `${style.bad('✗')} ${counted(mistakes.length, 'mistake')}: ${name} can't be used.\n`
      : `${style.good('✓')} ${name}: ${counted(codes, 'code')} filled in.\n`;
  return [
    ...mistakes.map((mistake) => line(mistake, style.bad('mistake:'))),
    ...warnings.map((warning) => line(warning, style.warning('warning:'))),
    verdict,
  ].join('');
}

interface Checked {
  file: string;
  /** Number of error codes that have a page. */
  codes: number;
  mistakes: readonly LocatedDiagnostic[];
  warnings: readonly LocatedDiagnostic[];
}

/** Renders an error code with all details, and the team's runbook page. */
export function renderEntry(
  entry: CatalogueEntry,
  { runbook, style }: { runbook: Runbook; style: Style },
): string {
  const { code, kind, group, meaning, actor, retry, nextStep, exitCode } = entry;
  const what = kind === 'request' ? 'refused request' : `failed production, ${group}`;
  const page = findPage(runbook, kind, code);
  return `${style.bold(printable(code))} (${what})
  ${meaning}
  Next:      ${nextStep}
  Who acts:  ${ACTOR_NAMES[actor]}
  Retry:     ${ADVICE[retry]}
  Exit code: ${exitCode}
${page ? `${style.bold('Runbook')}\n${pageLines(page)}` : ''}`;
}

/** Renders all error codes as a table; with a runbook, also the owners. */
export async function renderCatalogue(
  entries: readonly CatalogueEntry[],
  { runbook, style }: { runbook: Runbook; style: Style },
): Promise<string> {
  const pageOn = ({ kind, code }: CatalogueEntry) => findPage(runbook, kind, code);
  const owner: Column<CatalogueEntry> = ['Owner', (entry) => pageOn(entry)?.owner ?? null, 4];
  const columns: Column<CatalogueEntry>[] = [
    ['Code', 'code'],
    ['Kind', 'kind', 1],
    ['Retry', (entry) => pageOn(entry)?.retry ?? entry.retry, 3],
    ['Who acts', 'actor', 2],
    ...(runbook.pages.some((page) => page.owner !== null) ? [owner] : []),
    ['Meaning', 'meaning'],
  ];
  return renderTable(columns, entries, style);
}

/** Creates the result of `log`: one row per action. `--wide` adds the ids that Wise can search for. */
export function logResult({ acts, total }: AuditTrail): Result {
  return listResult(LOG_COLUMNS, acts, {
    document: { acts: acts.map(toActionDocument) },
    empty: 'No actions.\n',
    total,
  });
}

const LOG_COLUMNS: readonly Column<ActionRecord>[] = [
  ['#', 'id'],
  ['Started', timeIn('startedAt'), 4],
  ['Action', 'action'],
  ['Card', (action) => subjectOf(action)],
  ['Kiosk', 'kioskId', 3],
  ['User', nameOf, 2],
  ['Context', 'context', 1],
  ['Result', { styled: (action, style) => outcomeText(action, style) }],
  ['Reason', ({ reason }) => (reason === null ? null : redact(reason)), undefined, 14],
  ['Meaning', (action) => meaningOfOutcome(action), WIDE_ONLY],
  ['Attempt', 'attemptId', WIDE_ONLY],
  ['Correlation', 'correlationId', WIDE_ONLY],
  ['Trace', 'traceId', WIDE_ONLY],
  ['Plan', 'plan', WIDE_ONLY],
  ['Approved by', ({ approver }) => approver && nameOf(approver), WIDE_ONLY],
];

/** Returns user, machine, and login to the server of the journal. */
function nameOf({ user, host, login }: Pick<ActionRecord, 'user' | 'host' | 'login'>): string {
  return `${user}@${host}${login === null ? '' : ` (${login})`}`;
}

function subjectOf(action: ActionRecord): string {
  return action.cardToken === null && action.orderId === null ? '–' : formatReference(action);
}

function outcomeText(action: ActionRecord, style: Style): string {
  switch (outcomeOfAction(action)) {
    case 'done':
      return style.good('done');
    case 'failed':
      return style.bad(`exit ${action.exitCode}`);
    case 'running':
      return style.warning('running');
    case 'died':
      return style.bad('killed');
    case 'unknown':
      return style.warning('unknown');
  }
}

/** Describes the result of an action that did not succeed; null for a successful one. */
function meaningOfOutcome(action: ActionRecord): string | null {
  switch (outcomeOfAction(action)) {
    case 'failed':
      return meaningOf(action.exitCode) ?? 'not an exit code of kioskctl';
    case 'died':
      return 'its process ended without recording a result';
    case 'unknown':
      return 'no result is known';
    case 'done':
    case 'running':
      return null;
  }
}

const HEAD = `# Runbook of our kiosks: what we do about each error code, in addition to the catalogue of kioskctl.
# Remove the # from lines that you fill in. Every field is optional:
#
#   owner:   who acts here
#   steps:   what they do, in order
#   link:    a page with more about it
#   contact: who to call if the steps do not help
#   retry:   when the card can be produced again, if different from the catalogue: now, after-fix, never.
#            “never” and “reconcile” of the catalogue can't be changed.
#
# Check it after each change: kioskctl runbook check FILE
version: 1
`;

const SECTIONS: readonly [ErrorKind, string][] = [
  ['production', 'Failed productions (PRODUCTION_ERROR): the kiosk had the card.'],
  ['request', 'Refused requests (REQUEST_ERROR): the kiosk never had it.'],
];

/** Returns a runbook template with all documented codes. */
export function runbookTemplate(): string {
  const sections = SECTIONS.map(([kind, title]) => {
    const entries = ERROR_CATALOGUE.filter((entry) => entry.kind === kind);
    return `\n# ${title}\n${kind}:\n${entries.map(entryTemplate).join('')}`;
  });
  return `${HEAD}${sections.join('')}`;
}

function entryTemplate({ code, meaning, actor, retry, nextStep }: CatalogueEntry): string {
  return `
  # ${meaning}
  # Who acts: ${actor}. Retry: ${retry}.
  ${code}:
    # owner:
    # steps:
    #   - ${JSON.stringify(nextStep)}
    # link: https://
    # contact: ""
    # retry: ${retry}
`;
}
