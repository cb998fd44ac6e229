import type { Context } from '../context/context.ts';
import { olderSchemaText } from '../context/older-schema.ts';
import type { PlanTerms } from '../detached/plan-terms.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { Readiness } from '../events/heartbeat.ts';
import { type ListenOptions, listen } from '../events/listen.ts';
import type { ListenerMessage, ListenerObserver } from '../events/listener.ts';
import { ThrottledNotices } from '../events/throttled-notices.ts';
import type { AdminOptions } from '../http/admin-server.ts';
import { Notices, type NoticesOptions } from '../notices/notices.ts';
import { PlanServer } from '../plans/plan-server.ts';
import { Board } from './board/board.ts';
import { ServerCredentials, ServerHealth } from './health.ts';
import { ServerMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import { QueuedJobs } from './queued-jobs.ts';
import { serverJobs } from './server-jobs.ts';
import { TimedJobs } from './timed-jobs.ts';

export interface ServeOptions extends ListenOptions {
  /** Versions that the metrics show. */
  build: { version: string; node: string };
  admin: Omit<AdminOptions, 'routes'>;
  /** Age at which events are deleted, in milliseconds; null to keep them. */
  retention: number | null;
  /** Notices about problems; null for none. */
  notify: NoticesOptions | null;
  /** Terms of the detached plans that the server accepts; null to accept none. */
  plans: PlanTerms | null;
}

type EndMessage = Extract<ListenerMessage, { type: 'end' }>;

/**
 * Receives webhooks until a signal, as `listen` does, runs jobs, carries out detached plans, and shows health and metrics
 * on the admin port.
 * @throws Failure like `listen`; `usage` for an unavailable admin port
 */
export async function serve(
  context: Context,
  options: ServeOptions,
  emit: (message: ListenerMessage) => void,
): Promise<void> {
  const over = new AbortController();
  const ctx: Context = { ...context, signal: AbortSignal.any([context.signal, over.signal]) };
  const readiness = new Readiness(ctx);
  const credentials = new ServerCredentials(ctx);
  const { catchUp, retention } = options;
  const notices = options.notify && new Notices(ctx, options.notify);
  const notForwarded = new ThrottledNotices(ctx, (notice) => emit({ type: 'not-forwarded', ...notice }));
  const outbox = new Outbox(ctx, { ...options, onNotForwarded: (...notice) => notForwarded.add(...notice) });
  for (const { name, url } of options.notify?.targets ?? []) outbox.addNotices(name, new URL(url));
  await outbox.connect();
  const forwardTo = await registerTarget(ctx, outbox, options);
  const list = serverJobs(ctx, { credentials, catchUp, retention, emit, notices, outbox });
  const { jobQueue: open } = ctx;
  const jobs = open ? new QueuedJobs(ctx, list, { open, credentials }) : new TimedJobs(ctx, list);
  notices?.onDue(() => jobs.start('notices'));
  const health = new ServerHealth(ctx, { readiness, credentials, jobs, outbox });
  const metrics = new ServerMetrics(ctx, { health, outbox, build: options.build });
  const facts = () => ({ isReady: health.isReady, credentials: health.areCredentialsThere });
  const board = new Board(ctx, { facts });
  const routes = { ...health.routes, ...metrics.routes, ...board.routes };
  const admin = await ctx.webhooks.openAdminServer({ ...options.admin, routes });
  const adminUrl = await admin.listen();
  const mayRead = async () => credentials.check();
  const plans = options.plans && new PlanServer(ctx, options.plans, () => notices?.onEvent());
  const running: Promise<void>[] = [];
  const ends: EndMessage[] = [];
  try {
    const observer = observe(metrics, notices);
    await listen(ctx, { ...options, forwardTo, readiness, mayRead, observer }, (message) => {
      if (message.type === 'end') ends.push(message);
      else emit(message.type === 'ready' ? { ...message, adminUrl } : message);
      if (message.type !== 'ready') return;
      running.push(jobs.run(), outbox.run(), ...(plans ? [plans.run()] : []));
    });
  } finally {
    over.abort();
    await Promise.all(running);
    notForwarded.flush();
    for (const end of ends) emit({ ...end, notForwarded: end.notForwarded + notForwarded.total });
    await admin.stop().catch((error: unknown) => ctx.report.warn(asFailure(error).message));
  }
}

/** Lets metrics and notices observe a listener. */
function observe(metrics: ListenerObserver, notices: Notices | null): ListenerObserver {
  return {
    onWebhook: (result, reason) => {
      metrics.onWebhook(result, reason);
      if (result === 'stored') notices?.onEvent();
    },
    onAnswer: (milliseconds) => metrics.onAnswer(milliseconds),
    onWrite: (milliseconds) => metrics.onWrite(milliseconds),
    onHeartbeat: (milliseconds) => metrics.onHeartbeat(milliseconds),
  };
}

/**
 * Records that events wait for this server's target, before it receives any. An older schema on a server has no outbox, or
 * no notices.
 * @returns the target to which the listener must forward from memory; null for none
 */
async function registerTarget(
  { report, journal }: Context,
  outbox: Outbox,
  { forwardTo, notify }: ServeOptions,
): Promise<URL | null> {
  const warn = (effect: string) => report.warn(olderSchemaText(effect));
  if (notify && !(await journal.hasNotices())) warn('no notices are sent');
  if (await outbox.isDurable()) {
    await outbox.register();
    return null;
  }
  if (forwardTo) warn('waiting events are in memory only');
  return forwardTo;
}
