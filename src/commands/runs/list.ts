import { BaseCommand } from '../../cli/base-command.ts';
import type { PlanRecord } from '../../detached/plan.ts';
import { commandLine } from '../../domain/next-command.ts';
import { DEFAULT_LIMIT, limitFlag, tableFlags } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import type { Style } from '../../output/style.ts';
import { listResult, timeIn } from '../../output/table.ts';
import { damagedText } from '../../plans/damaged-text.ts';
import { planClocks } from '../../plans/plan-clocks.ts';
import { toDetachedDocument } from '../../plans/plan-views.ts';
import { toRunDocument } from '../../runs/reports/json.ts';
import { type ListedRun, listRuns } from '../../runs/stored-runs.ts';

export default class RunsList extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'List runs and detached plans, newest first.';
  static override description =
    `Lists the runs and detached plans of this environment, from every context, without a request to the API.`;
  static override examples = [
    { description: 'List the runs.', command: 'kioskctl runs list' },
    { description: 'List the last five as JSON.', command: 'kioskctl runs list --limit 5 --json' },
    { description: 'Print only their ids.', command: 'kioskctl runs list --quiet' },
  ];
  static override flags = { ...limitFlag, ...tableFlags };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(RunsList);
    const { limit = DEFAULT_LIMIT } = flags;
    const ctx = await this.context(flags);
    const { runs, total } = await listRuns(ctx, limit);
    const damaged: string[] = [];
    const onDamaged = (id: string) => void damaged.push(id);
    const plans = await ctx.journal.listPlans({ limit, onDamaged }, planClocks(ctx));
    for (const id of damaged) ctx.report.warn(damagedText(ctx, id));
    const rows = [...runs.map(toRunRow), ...plans.map(toPlanRow)]
      .toSorted((left, right) => right.startedAt - left.startedAt || right.id.localeCompare(left.id))
      .slice(0, limit);
    const shown = new Set(rows.map(({ id }) => id));
    return listResult(
      [
        ['Run', 'id'],
        ['Scenario', 'scenario'],
        ['Started', timeIn('startedAt'), 4],
        ['Cards', 'cards', 3],
        ['Context', 'context', 2],
        ['By', 'by', 1],
        ['Outcome', { styled: ({ outcome }, style) => outcome(style) }],
      ],
      rows,
      {
        document: {
          runs: runs
            .filter(({ id }) => shown.has(id))
            .map(({ isRunning, ...run }) => ({ ...toRunDocument(run), isRunning })),
          plans: plans.filter(({ id }) => shown.has(id)).map(toDetachedDocument),
        },
        reference: ({ id }) => id,
        empty: `No runs. Start one: ${commandLine(['run', 'happy-path'], ctx.invocation)}\n`,
        total: total + (await ctx.journal.countPlans()) - damaged.length,
      },
    );
  }
}

/** A run or a detached plan in the list. */
interface Row {
  id: string;
  scenario: string;
  startedAt: number;
  cards: number;
  context: string;
  by: string;
  outcome: (style: Style) => string;
}

function toRunRow(run: ListedRun): Row {
  const { id, scenario, startedAt, cards, context, user, host } = run;
  const by = `${user}@${host}`;
  return { id, scenario, startedAt, cards, context, by, outcome: (style) => outcomeOf(run, style) };
}

function toPlanRow(plan: PlanRecord): Row {
  const { id, kind, kioskIds, cards, terms, approver } = plan;
  const scenario = `${kind === 'recover' ? 'kiosk recover' : 'retry'} ${kioskIds.join(', ')}`;
  return {
    id,
    scenario,
    startedAt: approver.at,
    cards,
    context: terms.context,
    by: `${approver.user}@${approver.host}`,
    outcome: (style) => outcomeOfPlan(plan, style),
  };
}

function outcomeOf({ endedAt, exitCode, isRunning }: ListedRun, style: Style): string {
  if (isRunning) return style.warning('running');
  if (endedAt === null) return style.warning('interrupted');
  return exitCode === 0 ? style.good('passed') : style.bad(`exit ${exitCode}`);
}

function outcomeOfPlan({ state, exitCode }: PlanRecord, style: Style): string {
  if (state !== 'done') return style.warning(state);
  return exitCode === 0 ? style.good('done') : style.bad(`exit ${exitCode}`);
}
