import { Failure } from '../../domain/errors/failure.ts';
import { parseReference } from '../../domain/reference.ts';
import type { Remark } from '../../domain/remark.ts';
import type { NewRun, RunRecord } from '../../domain/runs/run.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import type { Context } from '../../workflows/context.ts';
import { findRun, type Plan } from '../../workflows/runs/run-scenario.ts';
import { planCard } from '../../workflows/scenarios/plan-card.ts';
import type { Scenario, Step, Values } from '../../workflows/scenarios/scenario.ts';
import { type ReadData, readData } from './data-file.ts';
import type { WantedRun } from './run-options.ts';
import { type ReadScenario, readScenario, scenarioUnusable } from './scenario-file.ts';

/** A run before anything is sent: what it is, and the steps of each of its cards. */
export type PreparedRun = { plan: Plan } & (
  | { kind: 'new'; run: NewRun }
  | { kind: 'resumed'; run: RunRecord }
);

/**
 * Reads and checks everything that a run is made of; nothing is sent.
 * @param options the folder of the package
 * @throws Failure `invalid-input`, `usage`, `sandbox-only`; `not-found` for a run that nobody knows
 */
export async function prepareRun(
  ctx: Context,
  wanted: WantedRun,
  { root }: { root: string },
): Promise<PreparedRun> {
  if (wanted.resume !== null) return prepareResumed(ctx, wanted, { id: wanted.resume, root });
  const read = await readScenario(wanted.scenario ?? '', { root });
  const scenario = usable(read, wanted.scenario ?? '');
  const data = wanted.dataFile === null ? null : await readData(wanted.dataFile);
  const run = newRun(ctx, { ...wanted, scenario, read, data });
  refuseElsewhere(ctx, scenario);
  const plan = planner({ run, read, scenario, data, values: wanted.values });
  return { kind: 'new', run, plan };
}

async function prepareResumed(
  ctx: Context,
  { values }: WantedRun,
  { id, root }: { id: string; root: string },
): Promise<PreparedRun> {
  const run = await findRun(ctx, id);
  if (run.endedAt !== null) return { kind: 'resumed', run, plan: nothingLeft };
  const source = run.source.kind === 'file' ? run.source.path : run.source.name;
  const read = await readScenario(source, { root });
  const scenario = usable(read, source);
  const data = run.data === null ? null : await readData(run.data.path);
  if (read.fingerprint !== run.fingerprint) throw changed(run, source);
  if (run.data !== null && data?.fingerprint !== run.data.fingerprint) throw changed(run, run.data.path);
  const missing = run.forgottenVariables.filter((name) => !Object.hasOwn(values, name));
  if (missing.length > 0) throw forgotten(missing);
  const plan = planner({ run, read, scenario, data, values: { ...run.variables, ...values } });
  return { kind: 'resumed', run, plan };
}

/** A run that is over is only told of: nobody has to bring its files and variables again. */
function nothingLeft(): never {
  throw new TypeError('a run that is over has no steps left');
}

interface Made {
  scenario: Scenario;
  read: ReadScenario;
  data: ReadData | null;
}

/** What is about a person is not kept: it is given again to go on. */
function newRun(
  ctx: Context,
  { scenario, read, data, ...wanted }: Omit<WantedRun, 'scenario'> & Made,
): NewRun {
  const kiosks = wanted.kiosks ?? [...ctx.kiosks];
  const names = Object.keys(wanted.values);
  const isKept = (name: string) => !scenario.orderVariables.includes(name);
  const kept = Object.entries(wanted.values).flatMap(([name, value]) =>
    isKept(name) ? [[name, value] as const] : [],
  );
  const cards = data?.rows.length ?? wanted.cards ?? 1;
  return {
    id: makeId(ctx.clock.now()),
    scenario: scenario.name,
    source: read.source,
    fingerprint: read.fingerprint,
    data: data && { path: data.path, fingerprint: data.fingerprint },
    variables: Object.fromEntries(kept),
    forgottenVariables: names.filter((name) => !isKept(name)),
    kiosks,
    cards,
    concurrency: chooseConcurrency(wanted.concurrency, { scenario, cards, kiosks: kiosks.length }),
    keep: wanted.keep || ctx.environment === 'production',
    context: ctx.name,
    environment: ctx.environment,
    reason: ctx.reason,
    startedAt: ctx.clock.now(),
    endedAt: null,
    exitCode: null,
    sessions: 1,
    requests: { reads: 0, sends: 0, limited: 0 },
    freed: [],
  };
}

/** Faults and the clock belong to the whole sandbox: then one card goes after the other. @throws Failure `usage` */
function chooseConcurrency(
  wanted: number | null,
  { scenario, cards, kiosks }: { scenario: Scenario; cards: number; kiosks: number },
): number {
  if (!scenario.needsControl)
    return wanted ?? Math.min(cards, Math.max(LEAST_AT_ONCE, 2 * kiosks), MOST_AT_ONCE);
  if (wanted === null || wanted === 1) return 1;
  throw new Failure(
    'usage',
    'The cards of this scenario go one after the other: its faults hit whichever comes next.',
    {
      hint: 'Leave --concurrency out.',
    },
  );
}

const LEAST_AT_ONCE = 4;
const MOST_AT_ONCE = 64;

/** @throws Failure `usage`, `sandbox-only` for a scenario that can't be carried out in this environment */
function refuseElsewhere({ environment }: Context, { needsControl, simulates, name }: Scenario): void {
  if (needsControl && environment !== 'local') {
    throw new Failure(
      'usage',
      `Scenario ${printable(name)} sets faults or moves the clock: it needs the embedded sandbox.`,
      {
        hint: 'Run it there: --context local.',
      },
    );
  }
  if (simulates && environment === 'production') {
    throw new Failure(
      'sandbox-only',
      `Scenario ${printable(name)} simulates what becomes of cards, which production never does.`,
      {
        hint: 'Run it in a sandbox, or leave its simulate steps out.',
      },
    );
  }
}

interface Planning extends Made {
  run: NewRun;
  values: Values;
}

/** Every card is worked out once before anything is sent, and again when its turn comes: many are not kept. */
function planner({ run, scenario, read, data, values }: Planning): Plan {
  const lines = new Map<string, number>();
  const lineOf = (path: Step['path']) => {
    const name = path.join('.');
    const line = lines.get(name) ?? read.placeOf(path).line;
    lines.set(name, line);
    return line;
  };
  const plan = (number: number) => {
    const row = data?.rows[number - 1] ?? null;
    const kioskId = run.kiosks[(number - 1) % Math.max(run.kiosks.length, 1)] ?? null;
    const given = { number, runId: run.id, environment: run.environment, kioskId };
    const planned = planCard(scenario, { ...given, values: { ...values, ...row?.values } });
    return { number, row: row?.line ?? null, ...planned };
  };
  for (let number = 1; number <= run.cards; number += 1) {
    const { mistakes, row } = plan(number);
    const [mistake] = mistakes;
    if (mistake) throw cardUnusable(run, read, { mistake, row });
  }
  return (number) => {
    const { steps, card, kioskId, row } = plan(number);
    const placed = steps.map((step) => ({ ...step, line: lineOf(step.path) }));
    return { number, row, kioskId, card: card === null ? null : parseReference(card), steps: placed };
  };
}

/** What is wrong with what one card is given, or with what that makes of the scenario. */
function cardUnusable(
  run: NewRun,
  read: ReadScenario,
  { mistake, row }: { mistake: Remark; row: number | null },
): Failure {
  const isGiven = mistake.path[0] === 'variables';
  const { line, column } = read.placeOf(mistake.path, mistake.at);
  const place = isGiven ? '' : `line ${line}, column ${column} of the scenario: `;
  const what = `${place}${mistake.message}`;
  if (row === null) {
    return new Failure(isGiven ? 'input-required' : 'invalid-input', `${run.scenario}: ${what}.`, {
      hint: 'Nothing was sent. Correct it and run it again.',
    });
  }
  return new Failure('invalid-input', `${printable(run.data?.path ?? '')}, line ${row}: ${what}.`, {
    hint: 'Nothing was sent. Correct the row and run it again.',
  });
}

function usable(read: ReadScenario, name: string): Scenario {
  if (read.scenario === null || read.mistakes.length > 0) throw scenarioUnusable(name, read.mistakes);
  return read.scenario;
}

function changed({ id }: RunRecord, file: string): Failure {
  return new Failure('usage', `${printable(file)} is not what run ${id} was begun with.`, {
    hint: 'Put it back as it was, or begin a new run.',
  });
}

function forgotten(names: readonly string[]): Failure {
  const flags = names.map((name) => `--var ${name}=…`).join(' ');
  return new Failure('input-required', `What orders are made of is kept nowhere: ${names.join(', ')}.`, {
    hint: `Give it again, with the same values: ${flags}`,
  });
}

/** Sorts by time, and is short enough to be typed: `20261122-152350-k3f9`. */
function makeId(now: number): string {
  const [date, time] = new Date(now)
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .split('T');
  return `${date}-${time}-${crypto.randomUUID().slice(0, 4)}`;
}
