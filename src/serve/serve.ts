import type { Context } from '../context/context.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { Readiness } from '../events/heartbeat.ts';
import { type ListenOptions, listen } from '../events/listen.ts';
import type { ListenerMessage } from '../events/listener.ts';
import type { AdminOptions } from '../http/admin-server.ts';
import { ServerCredentials, ServerHealth } from './health.ts';
import { ServerMetrics } from './metrics.ts';

export interface ServeOptions extends ListenOptions {
  /** Versions that the metrics show. */
  build: { version: string; node: string };
  admin: Omit<AdminOptions, 'routes'>;
}

/**
 * Receives webhooks until a signal, as `listen` does, and shows health and metrics of the server on the admin port.
 * @throws Failure like `listen`; `usage` for an unavailable admin port
 */
export async function serve(
  ctx: Context,
  options: ServeOptions,
  emit: (message: ListenerMessage) => void,
): Promise<void> {
  const readiness = new Readiness(ctx);
  const credentials = new ServerCredentials(ctx);
  const health = new ServerHealth(ctx, { readiness, credentials, doesCatchUp: options.catchUp > 0 });
  const metrics = new ServerMetrics(ctx, { health, build: options.build });
  const routes = { ...health.routes, ...metrics.routes };
  const admin = await ctx.webhooks.openAdminServer({ ...options.admin, routes });
  const adminUrl = await admin.listen();
  const mayRead = async () => credentials.check();
  try {
    await listen(ctx, { ...options, readiness, mayRead, observer: metrics }, (message) => {
      emit(message.type === 'ready' ? { ...message, adminUrl } : message);
    });
  } finally {
    await admin.stop().catch((error: unknown) => ctx.report.warn(asFailure(error).message));
  }
}
