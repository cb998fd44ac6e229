import type { RunCard, RunRecord, RunStep } from '../../domain/run.ts';
import type { RunTotals } from './run-totals.ts';

/** A run as JSON documents show it; times are UTC. Its requests and what was freed are in the totals. */
export function toRunDocument(run: RunRecord) {
  const { requests: _requests, freed: _freed, ...facts } = run;
  return { ...facts, startedAt: utc(run.startedAt), endedAt: utc(run.endedAt) };
}

/** What the cards of a run come to, as JSON documents show it. */
export function toTotalsDocument(
  { span, stepless: _stepless, ...totals }: RunTotals,
  { freed }: Pick<RunRecord, 'freed'>,
) {
  return { ...totals, freed, durationMs: span.until - span.from };
}

/** A card of a run as JSON documents show it; times are UTC. */
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
    stages: stages.map(({ stage, at }) => ({ stage, at: utc(at) })),
    steps: steps.map(toStepDocument),
    startedAt: utc(startedAt),
    endedAt: utc(endedAt),
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
  return { ...step, startedAt: utc(startedAt), endedAt: utc(endedAt) };
}

function utc(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
