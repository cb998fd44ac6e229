import type { CatalogueEntry } from '../domain/errors/error-catalogue.ts';
import type { Actor } from '../domain/errors/error-row.ts';
import { findPage, type Runbook } from '../domain/runbook.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { Style } from '../output/style.ts';
import { plainRow, renderTable } from '../output/table.ts';
import { ADVICE, pageLines } from './error-views.ts';

const ACTORS: Record<Actor, string> = {
  'kiosk-attendant': 'the person at the kiosk',
  operations: 'operations',
  integration: 'the team that sends the data',
  wise: 'Wise',
};

/** One error code in full, with what the team's runbook says of it. */
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
  Who acts:  ${ACTORS[actor]}
  Retry:     ${ADVICE[retry]}
  Exit code: ${exitCode}
${page ? `${style.bold('Runbook')}\n${pageLines(page)}` : ''}`;
}

/** All error codes in a table; with a runbook, who owns them here. */
export async function renderCatalogue(entries: readonly CatalogueEntry[], runbook: Runbook): Promise<string> {
  const hasOwners = runbook.pages.some(({ owner }) => owner !== null);
  const rows = entries.map(({ code, kind, retry, actor, meaning }) => {
    const page = findPage(runbook, kind, code);
    const advised = page?.retry ?? retry;
    return plainRow([code, kind, advised, actor, ...(hasOwners ? [page?.owner ?? null] : []), meaning]);
  });
  const head = ['Code', 'Kind', 'Retry', 'Who acts', ...(hasOwners ? ['Owner'] : []), 'Meaning'];
  return renderTable(head, rows);
}
