import type { RunCard, RunRecord, RunStep } from '../../domain/run.ts';
import { printableJson } from '../../domain/text/terminal-text.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { makeDocument } from '../../output/result.ts';
import { everyCard, type RunReport } from './read-report.ts';
import type { RunTotals } from './run-totals.ts';

/** Yields a run as one JSON document, with one card per line. */
export async function* json({ run, totals, cards }: RunReport): AsyncGenerator<string> {
  const { context, environment } = run;
  const head = makeDocument(
    { command: 'run', context, environment, exitCode: totals.exitCode },
    { run: toRunDocument(run), totals: toTotalsDocument(totals, run) },
  );
  yield `${printableJson(head).slice(0, -1)},"cards":[`;
  let separator = '\n';
  for await (const card of everyCard(cards(), run)) {
    yield separator + printableJson(toRunCardDocument(card));
    separator = ',\n';
  }
  yield '\n]}\n';
}

/**
 * Converts a run to its JSON form. Times are ISO 8601 in UTC. Leaves out what the totals contain: requests, card
 * limits.
 */
export function toRunDocument(run: RunRecord) {
  const { requests: _requests, freed: _freed, ...facts } = run;
  return { ...facts, startedAt: utcTime(run.startedAt), endedAt: utcTime(run.endedAt) };
}

/** Converts the totals of a run to their JSON form. */
export function toTotalsDocument(
  { span, stepless: _stepless, ...totals }: RunTotals,
  { freed }: Pick<RunRecord, 'freed'>,
) {
  return { ...totals, freed, durationMs: span.until - span.from };
}

/** Converts a card of a run to its JSON form. Times are ISO 8601 in UTC. */
export function toRunCardDocument({
  stopsRun: _stopsRun,
  stages,
  steps,
  startedAt,
  endedAt,
  ...facts
}: RunCard) {
  return {
    ...facts,
    stages: stages.map(({ stage, at }) => ({ stage, at: utcTime(at) })),
    steps: steps.map(toStepDocument),
    startedAt: utcTime(startedAt),
    endedAt: utcTime(endedAt),
  };
}

function toStepDocument({
  startedAt,
  endedAt,
  attemptsBefore: _before,
  advanceTo: _advanceTo,
  attemptsLost: _lost,
  ...step
}: RunStep) {
  return { ...step, startedAt: utcTime(startedAt), endedAt: utcTime(endedAt) };
}
