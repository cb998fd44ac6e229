import type { Context } from '../context/context.ts';
import { isUnsettled } from '../domain/attempt.ts';
import { catchUp } from '../events/catch-up.ts';
import type { ListenerMessage } from '../events/listener.ts';
import { selectFromJournal, settleOpenAttempts } from '../kiosks/kiosk-cards.ts';
import type { Notices } from '../notices/notices.ts';
import type { ServerCredentials } from './health.ts';
import type { Job } from './jobs.ts';
import type { Outbox } from './outbox.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Maximum number of attempts that one run settles. Each may wait for its settle window. */
const SETTLED_TOGETHER = 20;

interface JobOptions {
  credentials: ServerCredentials;
  /** Age up to which cards are read, in milliseconds; 0 to read none. */
  catchUp: number;
  /** Age at which events are deleted, in milliseconds; null to keep them. */
  retention: number | null;
  emit: (message: ListenerMessage) => void;
  notices: Notices | null;
  outbox: Outbox;
}

/** Returns the jobs of a server. */
export function serverJobs(
  ctx: Context,
  { credentials, emit, notices, outbox, ...options }: JobOptions,
): Job[] {
  const { retention } = options;
  return [
    {
      // The listener catches up at its start and after each gap.
      name: 'catch-up',
      every: HOUR_MS,
      after: HOUR_MS,
      isOn: options.catchUp > 0,
      needsApi: true,
      run: async () => {
        if (!(await credentials.check())) return;
        const caughtUp = await catchUp(ctx, ctx.calendar.now() - options.catchUp);
        emit({ type: 'catch-up', ...caughtUp });
      },
    },
    {
      name: 'settle',
      every: MINUTE_MS,
      after: 0,
      isOn: true,
      needsApi: true,
      run: async () => settleAbandoned(ctx, credentials),
    },
    {
      // Also starts when an event was stored, and when a notice is due.
      name: 'notices',
      every: MINUTE_MS / 2,
      after: 0,
      isOn: notices !== null,
      needsApi: false,
      run: async () => notices?.run(),
    },
    {
      name: 'prune',
      every: HOUR_MS,
      after: 0,
      isOn: retention !== null,
      needsApi: false,
      run: async () => {
        if (retention !== null) await ctx.journal.pruneEvents(ctx.calendar.now() - retention);
      },
    },
    outboxJob(outbox),
  ];
}

function outboxJob(outbox: Outbox): Job {
  const run = async () => {
    await outbox.giveUp();
    await outbox.retire();
  };
  return { name: 'outbox', every: MINUTE_MS, after: MINUTE_MS, isOn: true, needsApi: false, run };
}

/**
 * Reads the cards whose request got no answer and whose process has ended, until their settle window is over. Sends
 * nothing. Also checks missing credentials again.
 */
async function settleAbandoned(ctx: Context, credentials: ServerCredentials): Promise<void> {
  const cards = await selectFromJournal(ctx, {}, { isUnfinished: true });
  const open = cards.filter(({ attempt }) => attempt?.origin === 'ours' && isUnsettled(attempt));
  if (open.length === 0 && credentials.areThere !== false) return;
  if (!(await credentials.check())) return;
  await Promise.all(open.slice(0, SETTLED_TOGETHER).map(async (one) => settleOpenAttempts(ctx, [one])));
}
