import { requireListed } from '../cards/listed-kiosk.ts';
import { resolveCards } from '../cards/session/resolve-cards.ts';
import type { Context } from '../context/context.ts';
import { makeRunId } from '../context/run-id.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { commandLine, toShell } from '../domain/next-command.ts';
import type { NewRun, RunRecord } from '../domain/run.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { type ReadData, readData } from '../scenarios/data-file.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { readUsableScenario, type UsableScenario } from '../scenarios/scenario-file.ts';
import { hasUnaccepted } from './card-record.ts';
import { planCards } from './plan-cards.ts';
import type { Plan } from './run.ts';
import type { WantedRun } from './run-flags.ts';
import { findRun } from './stored-runs.ts';

/** A validated run, with the steps of its cards. */
type PreparedRun = { plan: Plan } & ({ kind: 'new'; run: NewRun } | { kind: 'resumed'; run: RunRecord });

/**
 * Reads and validates the files and variables of a run. Sends nothing.
 * @param options `root`: folder of the package, with the built-in scenarios
 * @throws Failure `invalid-input`, `usage`, `sandbox-only`; `not-found` for an unknown run id
 */
export async function prepareRun(
  ctx: Context,
  wanted: WantedRun,
  { root }: { root: string },
): Promise<PreparedRun> {
  if (wanted.resume !== undefined) return prepareResumed(ctx, wanted, { id: wanted.resume, root });
  const read = await readUsableScenario(wanted.scenario ?? '', { root, files: ctx.files });
  const { scenario } = read;
  const data = wanted.data === undefined ? null : await readData(wanted.data, ctx.files);
  for (const kioskId of wanted.kiosk ?? []) await requireListed(ctx, kioskId, wanted['allow-unlisted-kiosk']);
  const run = newRun(ctx, wanted, { read, data });
  refuseElsewhere(ctx, scenario);
  refuseToAsk(ctx, scenario, wanted);
  const plan = planCards({ run, read, data, values: wanted.values });
  if (scenario.variables.some(({ name }) => name === 'card')) await refuseOthersCards(ctx, run, plan);
  return { kind: 'new', run, plan };
}

async function prepareResumed(
  ctx: Context,
  { values }: WantedRun,
  { id, root }: { id: string; root: string },
): Promise<PreparedRun> {
  const run = await findRun(ctx, id);
  if (run.endedAt !== null && !(await hasUnaccepted(ctx, run)))
    return { kind: 'resumed', run, plan: nothingLeft };
  refuseOtherPlace(ctx, run);
  refuseSettledVariables(run, values);
  const source = run.source.kind === 'file' ? run.source.path : run.source.name;
  const read = await readUsableScenario(source, { root, files: ctx.files });
  const data = run.data === null ? null : await readData(run.data.path, ctx.files);
  if (read.fingerprint !== run.fingerprint) throw changed(run, source);
  if (run.data !== null && data?.fingerprint !== run.data.fingerprint) throw changed(run, run.data.path);
  const missing = run.forgottenVariables.filter((name) => !Object.hasOwn(values, name));
  if (missing.length > 0) throw forgotten(missing);
  const plan = planCards({ run, read, data, values: { ...run.variables, ...values } });
  return { kind: 'resumed', run, plan };
}

/**
 * Rejects a run if one of its existing cards belongs to a profile that the command must not use.
 * @throws Failure `profile-mismatch`
 */
async function refuseOthersCards(ctx: Context, { cards, data }: NewRun, plan: Plan): Promise<void> {
  for (let number = 1; number <= cards; number += 1) {
    const { card, row } = plan(number);
    if (card === null) continue;
    await resolveCards(ctx, [card]).catch((error: unknown) => {
      if (!(error instanceof Failure) || row === null || !data) throw error;
      const { code, message, hint } = error;
      throw failure(code, `${printable(data.path)}, line ${row}: ${message}`, hint);
    });
  }
}

/**
 * Rejects another context, server or profile, because the orders of the run don't exist there.
 * @throws Failure `usage`
 */
function refuseOtherPlace(ctx: Context, run: RunRecord): void {
  const profile = run.flags.indexOf('--profile-id');
  const there = profile < 0 ? run.flags : run.flags.toSpliced(profile, 2);
  if (toShell(there) === toShell(ctx.invocation.flags) && ctx.profileId === run.profileId) return;
  throw failure(
    'usage',
    `Run ${run.id} was started with another context, server or profile.`,
    `Continue there: ${commandLine(['run', '--resume', run.id], run)}`,
  );
}

/** Rejects variables whose values the run has stored. @throws Failure `usage` */
function refuseSettledVariables(run: RunRecord, values: WantedRun['values']): void {
  const settled = Object.keys(values).find((name) => !run.forgottenVariables.includes(name));
  if (settled === undefined) return;
  throw failure(
    'usage',
    `--var ${settled}: run ${run.id} continues with its original values.`,
    'Leave it out, or start a new run without --resume.',
  );
}

/** Plan of a finished run, which has no more steps. */
function nothingLeft(): never {
  throw new TypeError('a run that is over has no steps left');
}

/** Creates the record of a run. It omits values that may be personal data; resuming requires them again. */
function newRun(
  ctx: Context,
  wanted: WantedRun,
  { read, data }: { read: UsableScenario; data: ReadData | null },
): NewRun {
  const { scenario } = read;
  const { invocation } = ctx;
  const kiosks = [...new Set(wanted.kiosk ?? ctx.kiosks)];
  const isStored = (name: string) => !scenario.orderVariables.includes(name);
  const variables = Object.entries(wanted.values);
  const cards = data?.rows.length ?? wanted.cards ?? 1;
  return {
    id: makeRunId(ctx.calendar.now()),
    scenario: scenario.name,
    source: read.source,
    fingerprint: read.fingerprint,
    data: data && { path: data.path, fingerprint: data.fingerprint },
    variables: Object.fromEntries(variables.filter(([name]) => isStored(name))),
    forgottenVariables: Object.keys(wanted.values).filter((name) => !isStored(name)),
    kiosks,
    cards,
    concurrency: chooseConcurrency(wanted.concurrency, { scenario, cards, kiosks: kiosks.length }),
    keep: wanted.keep || ctx.environment === 'production',
    context: ctx.name,
    flags: [...invocation.flags, ...(ctx.profileIsExplicit ? ['--profile-id', String(ctx.profileId)] : [])],
    profileId: ctx.profileId,
    environment: ctx.environment,
    reason: ctx.reason,
    startedAt: ctx.calendar.now(),
    endedAt: null,
    exitCode: null,
    sessions: 1,
    requests: { reads: 0, sends: 0, limited: 0 },
    freed: [],
  };
}

/**
 * Returns the number of cards to process in parallel: 1 if the scenario sets faults or the clock of the sandbox.
 * @throws Failure `usage`
 */
function chooseConcurrency(
  wanted: number | undefined,
  { scenario, cards, kiosks }: { scenario: Scenario; cards: number; kiosks: number },
): number {
  if (!scenario.needsControl)
    return wanted ?? Math.min(cards, Math.max(LEAST_AT_ONCE, 2 * kiosks), MOST_AT_ONCE);
  if (wanted === undefined || wanted === 1) return 1;
  throw failure(
    'usage',
    'This scenario sets faults, so its cards run one at a time.',
    'Leave --concurrency out.',
  );
}

const LEAST_AT_ONCE = 4;
const MOST_AT_ONCE = 64;

/** Rejects a scenario that this environment can't execute. @throws Failure `usage`, `sandbox-only` */
function refuseElsewhere({ environment }: Context, { needsControl, simulates, name }: Scenario): void {
  if (needsControl && environment !== 'local') {
    throw failure(
      'usage',
      `Scenario ${printable(name)} sets faults or moves the clock: it needs the embedded sandbox.`,
      'Run it with --context local.',
    );
  }
  if (simulates && environment === 'production') {
    throw failure(
      'sandbox-only',
      `Scenario ${printable(name)} simulates production results, which is not possible in production.`,
      'Run it in a sandbox, or remove its simulate steps.',
    );
  }
}

/**
 * Rejects a run that would prompt for each card, because other cards would be in progress during a prompt.
 * @throws Failure `input-required`
 */
function refuseToAsk({ environment }: Context, { asks, name }: Scenario, { yes }: WantedRun): void {
  if (environment !== 'production' || !asks || yes) return;
  const what = `Scenario ${printable(name)} retries or cancels cards, which needs an approval for each card in production.`;
  throw failure('input-required', what, 'Approve all of them with --yes.');
}

function changed({ id }: RunRecord, file: string): Failure {
  return failure(
    'usage',
    `${printable(file)} has changed since run ${id} was started.`,
    'Restore it, or start a new run.',
  );
}

function forgotten(names: readonly string[]): Failure {
  const flags = names.map((name) => `--var ${name}=…`).join(' ');
  return failure(
    'input-required',
    `The data of orders are not stored: ${names.join(', ')}.`,
    `Pass them again with the same values: ${flags}`,
  );
}
