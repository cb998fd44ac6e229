import { PACE } from '../../src/cli/settings/settings.ts';
import type { Context } from '../../src/context/context.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { NO_RUNBOOK } from '../../src/domain/runbook.ts';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { SimulatedClient } from './client.ts';
import { openSimulatedJournal } from './journal.ts';
import type { SimulatedProcess } from './process.ts';
import { PROFILE } from './vendor.ts';
import { anyKey } from './webhooks.ts';
import type { World } from './world.ts';

const NO_WINDOWS = { settleWindow: 0, killedWindow: 0 };

/** Creates the context of a simulated process. */
export function openContext(world: World, process: SimulatedProcess): Context {
  const { card, kiosk, timeout } = process.plan.command;
  const isSettling = world.mutation.without !== 'settle';
  return {
    name: 'sandbox',
    environment: 'sandbox',
    profileId: PROFILE,
    profileIsExplicit: false,
    kiosks: [parseKioskId('WIS00001'), parseKioskId('WIS00002')],
    program: null,
    reason: `card ${card}`,
    invocation: { flags: [], kioskId: parseKioskId(kiosk) },
    secrets: [],
    timing: { ...PACE.sandbox, longestPause: 30_000, timeout, ...(!isSettling && NO_WINDOWS) },
    wise: new SimulatedClient(world, process),
    journal: openSimulatedJournal(world, process, world.mount(process)),
    // Only the file's name is used.
    journalFile: new JournalFile({ file: 'journal.db', environment: 'sandbox', now: () => 0 }),
    journalServer: null,
    jobQueue: null,
    files: NOTHING as Context['files'],
    stopwatch: process.stopwatch,
    calendar: process.calendar,
    uptime: process.uptime,
    signal: process.abort.signal,
    cut: process.cut.signal,
    unanswered: new Set(),
    ask: askOf(world, process),
    report: REPORT,
    webhooks: world.postman.portOf(process),
    webhookKey: async () => ({ pem: anyKey(), source: 'the simulation' }),
    sandboxControl: () => NOTHING as ReturnType<Context['sandboxControl']>,
    runbook: async () => NO_RUNBOOK,
    authorize: async () => ({ source: 'the simulation', endsAt: null }),
    clientKey: async () => 'simulation',
  };
}

/** A user who takes a while to answer, and mostly answers yes. */
function askOf(world: World, process: SimulatedProcess): Context['ask'] {
  const card = world.cards[process.plan.command.card - 1]?.cardToken ?? '';
  return {
    requireAnswers: () => undefined,
    confirm: async () => {
      const shown = world.vendor.productionOf(card);
      const seen = world.cards.map(
        ({ cardToken }) => [cardToken, world.vendor.productionOf(cardToken)] as const,
      );
      await process.pause('ask', process.random.magnitude(500, 40_000));
      const isYes = world.isOver || process.random.chance(0.85);
      if (isYes && process.plan.command.kind === 'detach') world.truth.approvePlan(seen);
      else if (isYes) world.truth.approve(card, shown);
      if (isYes && process.plan.command.kind === 'abandon') world.truth.abandon(card);
      return isYes;
    },
    choose: async (_, { choices }) => process.random.pick(choices),
    type: async () => 'simulated',
  };
}

const NOTHING: unknown = new Proxy(
  {},
  {
    get: () => {
      throw new TypeError('a port that a simulation does not have');
    },
  },
);

const REPORT: Context['report'] = {
  note: () => undefined,
  hint: () => undefined,
  warn: () => undefined,
  block: () => undefined,
  learn: async () => undefined,
  progress: () => undefined,
};
