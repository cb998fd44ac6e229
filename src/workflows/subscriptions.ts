import type { Context } from './context.ts';

/**
 * Subscribes a receiver on this machine to the events of the embedded sandbox.
 * @returns what ends the subscription
 */
// oxlint-disable-next-line require-await
export async function subscribeHere(ctx: Context, url: string): Promise<() => Promise<void>> {
  ctx.report.note(`The embedded sandbox does not deliver to ${url} yet.`);
  return async () => undefined;
}
