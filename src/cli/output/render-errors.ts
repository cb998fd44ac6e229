import type { CatalogueEntry } from '../../domain/error-catalogue.ts';
import type { Actor, RetryAdvice } from '../../domain/error-row.ts';
import type { Style } from './style.ts';
import { plainRow, renderTable } from './table.ts';

const ACTORS: Record<Actor, string> = {
  'kiosk-attendant': 'the person at the kiosk',
  operations: 'operations',
  integration: 'the team that sends the data',
  wise: 'Wise',
};

const ADVICE: Record<RetryAdvice, string> = {
  now: 'at once',
  'after-fix': 'after the fix',
  reconcile: 'look at the production first',
  never: 'never: order a new card',
};

/** One error code in full. */
export function renderEntry(entry: CatalogueEntry, style: Style): string {
  const { code, kind, group, meaning, actor, retry, nextStep, exitCode } = entry;
  const what = kind === 'request' ? 'refused request' : `failed production, ${group}`;
  return `${style.bold(code)} (${what})
  ${meaning}
  Next:      ${nextStep}
  Who acts:  ${ACTORS[actor]}
  Retry:     ${ADVICE[retry]}
  Exit code: ${exitCode}
`;
}

/** All error codes in a table. */
export async function renderCatalogue(entries: readonly CatalogueEntry[]): Promise<string> {
  const rows = entries.map(({ code, kind, retry, actor, meaning }) =>
    plainRow([code, kind, retry, actor, meaning]),
  );
  return renderTable(['Code', 'Kind', 'Retry', 'Who acts', 'Meaning'], rows);
}
