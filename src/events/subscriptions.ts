import * as v from 'valibot';
import type { Context } from '../context/context.ts';
import { recordAction } from '../context/record-action.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../wire/events.ts';
import { receiverFaults, type Subscription, subscription, testNotifications } from '../wire/subscriptions.ts';
import { answerFailure, type Sent, unreachable } from '../wise/client.ts';
import * as api from '../wise/subscriptions.ts';

/** The event types that kioskctl processes. */
const EVENT_TYPES = [PRODUCTION_EVENT, ORDER_EVENT];

/** Schema version whose times have milliseconds, so that events within a second can be sorted. */
const DEFAULT_SCHEMA_VERSION = '4.0.0';

/** Name of the subscriptions that a listener in `local` creates for itself. */
const OWN_NAME = 'kioskctl listen';

interface WantedSubscription {
  url: string;
  name: string;
  /**
   * Schema version of the events; null for the default version. With null, existing subscriptions of any version are
   * accepted.
   */
  version: string | null;
}

/** Lists the application's subscriptions, oldest first. */
export async function listWebhooks(ctx: Context): Promise<Subscription[]> {
  const list = api.listSubscriptions(ctx.wise, await ctx.clientKey(), { signal: ctx.signal });
  return list.catch((error: unknown) => {
    throw asOurs(error, 'The API has no application with this client id.');
  });
}

/**
 * Subscribes a URL to production and order events. Existing subscriptions remain, so the command can be repeated after
 * a failure.
 * @throws Failure `usage` for a URL that can't receive events
 */
export async function createWebhooks(
  ctx: Context,
  wanted: WantedSubscription,
): Promise<{ subscriptions: Subscription[]; changed: boolean }> {
  checkReceiver(ctx, wanted.url);
  // In `local`, the command's embedded sandbox does not check the URL.
  if (ctx.environment !== 'local')
    ctx.report.note(
      `Wise sends a test notification to ${wanted.url} first, and creates no subscription unless the answer is 2xx within 5 seconds.`,
    );
  await ctx.clientKey();
  const { subscriptions, created } = await recordAction(ctx, { action: 'subscribe' }, () =>
    ensureSubscribed(ctx, wanted),
  );
  return { subscriptions, changed: created.length > 0 };
}

/** Deletes a subscription. Undelivered events may be lost. */
export async function deleteWebhook(ctx: Context, id: string): Promise<void> {
  const name = { clientKey: await ctx.clientKey(), id };
  await recordAction(ctx, { action: 'unsubscribe' }, async () => {
    const sent = await api.deleteSubscription(ctx.wise, name);
    if (isDone(sent)) return;
    refuseUnlessLost(sent);
    const isGone = await api.getSubscription(ctx.wise, name, { signal: ctx.signal }).then(
      () => false,
      (error: unknown) => error instanceof Failure && error.code === 'not-found',
    );
    if (!isGone) throw unknown(ctx, sent, `Subscription ${id} may have been deleted`);
  });
}

/** Requests a test notification. @returns the ids of its deliveries */
export async function testWebhook(ctx: Context, id: string): Promise<string[]> {
  const name = { clientKey: await ctx.clientKey(), id };
  return recordAction(ctx, { action: 'test-webhook' }, async () => {
    const sent = await api.sendTestNotification(ctx.wise, name);
    refuseUnlessLost(sent);
    const queued = v.safeParse(testNotifications, bodyOf(sent));
    if (queued.success) return queued.output.map((one) => one.delivery_id);
    throw unknown(ctx, sent, 'A test notification may be on its way');
  });
}

/**
 * Subscribes a listener in `local` to the embedded sandbox.
 * @param url local URL of the listener
 * @param isAlone true if no other listener is running; subscriptions of killed listeners are then removed
 * @returns a function that removes the subscriptions and never throws
 */
export async function subscribeHere(
  ctx: Context,
  { url, isAlone }: { url: string; isAlone: boolean },
): Promise<() => Promise<void>> {
  if (ctx.environment !== 'local') throw new TypeError('only in local a listener subscribes itself');
  checkReceiver(ctx, url);
  const { subscriptions, created } = await ensureSubscribed(ctx, {
    url,
    name: OWN_NAME,
    version: null,
  });
  if (isAlone) await removeLeftBehind(ctx, url);
  // Reuses the subscriptions of a killed listener with the same URL, including their undelivered events.
  const own = subscriptions.filter((one) => created.includes(one) || one.name === OWN_NAME);
  return async () => remove(ctx, own);
}

/** Removes subscriptions of killed listeners. Otherwise, the sandbox would retry their deliveries for two weeks. */
async function removeLeftBehind(ctx: Context, url: string): Promise<void> {
  const all = await listWebhooks(ctx);
  await remove(
    ctx,
    all.filter((one) => one.name === OWN_NAME && one.url !== null && one.url !== url),
  );
}

async function remove(ctx: Context, subscriptions: readonly Subscription[]): Promise<void> {
  for (const { id } of subscriptions) {
    const sent = await api.deleteSubscription(ctx.wise, { clientKey: await ctx.clientKey(), id });
    if (!isDone(sent) && !(sent.kind === 'answered' && sent.httpStatus === 404))
      ctx.report.warn(`Subscription ${id} could not be removed from the sandbox.`);
  }
}

async function ensureSubscribed(
  ctx: Context,
  wanted: WantedSubscription,
): Promise<{ subscriptions: Subscription[]; created: Subscription[] }> {
  const before = await listWebhooks(ctx);
  const [subscriptions, created]: [Subscription[], Subscription[]] = [[], []];
  for (const eventType of EVENT_TYPES) {
    const known = before.find((one) => isWanted(one, { ...wanted, eventType }));
    const one = known ?? (await subscribe(ctx, { ...wanted, eventType }));
    subscriptions.push(one);
    if (!known) created.push(one);
  }
  return { subscriptions, created };
}

async function subscribe(
  ctx: Context,
  wanted: WantedSubscription & { eventType: string },
): Promise<Subscription> {
  const { name, url, eventType, version } = wanted;
  const delivery = { version: version ?? DEFAULT_SCHEMA_VERSION, url };
  const sent = await api.createSubscription(ctx.wise, {
    clientKey: await ctx.clientKey(),
    request: { name, trigger_on: eventType, delivery },
  });
  refuseUnlessLost(sent, (error) => asInvalidCallback(error, url));
  const answer = v.safeParse(subscription, bodyOf(sent));
  if (answer.success) return answer.output;
  const list = await listWebhooks(ctx).catch(() => []);
  const found = list.find((one) => isWanted(one, wanted));
  if (found) return found;
  throw unknown(ctx, sent, `The subscription to ${eventType} may have been created`);
}

function isWanted(
  one: Subscription,
  { url, eventType, version }: WantedSubscription & { eventType: string },
): boolean {
  const isThere = one.url !== null && URL.parse(one.url)?.href === URL.parse(url)?.href;
  return isThere && one.eventType === eventType && (version ?? one.version) === one.version;
}

function checkReceiver({ environment }: Context, url: string): void {
  const faults = receiverFaults(url, { isLocal: environment === 'local' });
  if (faults.length === 0) return;
  throw failure(
    'usage',
    `“${url}” can't receive events: it must ${faults.join(' and ')}.`,
    'Wise sends events to https at a domain name on port 443, with a certificate that a CA has signed.',
  );
}

function isDone(sent: Sent): boolean {
  return sent.kind === 'answered' && isSuccess(sent.httpStatus);
}

/** Returns the body of a 2xx response; undefined for any other response. */
function bodyOf(sent: Sent): unknown {
  return sent.kind === 'answered' && isDone(sent) ? sent.body : undefined;
}

/**
 * Throws the failure of a rejected request. Does nothing for other responses and for a lost response, because the
 * request may have had its effect.
 * @throws Failure
 */
function refuseUnlessLost(sent: Sent, explain: (error: Failure) => Failure = (error) => error): void {
  if (sent.kind === 'not-connected') throw unreachable(sent);
  if (sent.kind !== 'answered' || sent.httpStatus < 400 || sent.httpStatus > 499 || sent.httpStatus === 408)
    return;
  throw asOurs(explain(answerFailure(sent)), 'The API has no such subscription for this application.');
}

/** Returns a clearer failure if the URL did not accept the test notification; other errors unchanged. */
function asInvalidCallback(error: Failure, url: string): Failure {
  if (error.details?.errorCode !== 'INVALID_CALLBACK_URL') return error;
  return failure(
    error.code,
    `Wise sent a test notification to ${printable(url)}, and the answer was not 2xx within 5 seconds.`,
    'Start kioskctl listen, check that the gateway passes this URL on to it, and run the command again.',
    error.details,
  );
}

/** Replaces the message of a `not-found` failure; returns other errors unchanged. */
function asOurs(error: unknown, notFound: string): unknown {
  if (!(error instanceof Failure) || error.code !== 'not-found') return error;
  const hint = 'List them: kioskctl webhooks list. Check client id and environment.';
  return failure('not-found', notFound, hint, error.details);
}

function unknown({ invocation }: Context, { correlationId }: Sent, message: string): Failure {
  return failure(
    'outcome-unknown',
    `${message}: the answer was lost.`,
    `Look: ${commandLine(['webhooks', 'list'], invocation)}`,
    { correlationId },
  );
}
