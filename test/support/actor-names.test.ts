import { expect, test } from 'vitest';
import { ERROR_CATALOGUE } from '../../src/domain/errors/error-catalogue.ts';
import { ACTOR_NAMES, ACTORS } from '../../src/domain/errors/vendor-errors.ts';
import { NO_RUNBOOK } from '../../src/domain/runbook.ts';
import { describeCause } from '../../src/kiosks/recover.ts';
import { makeStyle } from '../../src/output/style.ts';
import { errorList } from '../../src/runs/reports/html-sections.ts';
import { renderEntry } from '../../src/support/support-views.ts';

test.each(ACTORS)('%s has one display name in explanations, recoveries and reports of runs', (actor) => {
  const entry = ERROR_CATALOGUE.find((one) => one.actor === actor);
  if (!entry) throw new Error('no code is of this actor');
  const name = ACTOR_NAMES[actor];
  expect(renderEntry(entry, { runbook: NO_RUNBOOK, style: makeStyle(false) })).toContain(
    `Who acts:  ${name}\n`,
  );
  expect(describeCause({ entry: { ...entry, page: null }, count: 1 })).toContain(`  Who acts: ${name}`);
  const error = { ...entry, count: 1, tolerated: 0 };
  expect(String(errorList({ errors: [error] }))).toContain(`<b>Who acts:</b> ${name}.`);
});
