import type { Context } from '../context/context.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { PRODUCTION_EVENT } from '../domain/event.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { listWebhooks } from '../events/subscriptions.ts';
import { reach } from '../wise/cards.ts';
import { listPrograms } from '../wise/orders.ts';
import { type Check, type Exam, type Finding, ok, skipped, warning } from './system-checks.ts';

/** Beyond it, tokens seem to last longer or shorter than they do, and ages of cards are wrong. */
const SKEW_MS = 30_000;
/** A token that ends before a longer wait does. */
const SOON_MS = 15 * 60_000;

/** What the API and the journal tell about this context. */
export const API_CHECKS: readonly Check[] = [
  { name: 'dns', needs: ['context'], isOnline: true, look: resolveHost },
  {
    name: 'api',
    needs: ['context'],
    isOnline: true,
    look: async ({ ctx }) => ok(`answers, within ${await reach(ctx.wise, patient(ctx))} ms`),
  },
  { name: 'clock', needs: ['api'], isOnline: true, look: compareClocks },
  { name: 'credentials', needs: ['context'], look: findCredentials },
  { name: 'profile', needs: ['api', 'credentials'], isOnline: true, look: seeProfile },
  {
    name: 'kiosks',
    needs: ['context'],
    look: ({ ctx: { kiosks } }) =>
      kiosks.length > 0
        ? ok(kiosks.join(', '))
        : warning('The context names none.', 'Name them in the context, or one with --kiosk each time.'),
  },
  { name: 'client', needs: ['context'], look: findClient },
  { name: 'subscription', needs: ['api', 'client'], isOnline: true, look: findSubscription },
  {
    name: 'public-key',
    needs: ['context'],
    look: async ({ ctx, machine }) => {
      const { pem, source } = await ctx.webhookKey();
      const { type, bits } = machine.readKey(pem);
      return ok(`${source}, ${type}${bits === null ? '' : ` with ${bits} bits`}`);
    },
  },
  { name: 'listener', needs: ['context', 'journal'], look: findListener },
  { name: 'rate-limit', needs: ['api'], isOnline: true, look: countRequests },
];

/** A doctor tells soon. */
function patient({ signal }: Context) {
  return { signal, retry: false };
}

async function resolveHost({ machine }: Exam): Promise<Finding> {
  const { url, proxy } = await machine.findRoute();
  if (url === null) return skipped('the embedded sandbox is in this process');
  // The literal of an address of version 6 stands in brackets in a URL, and nowhere else.
  const hostname = new URL(proxy ?? url).hostname.replaceAll(/^\[|\]$/g, '');
  const addresses = await machine.resolve(hostname);
  return ok(`${hostname}${proxy === null ? '' : ' (the proxy)'} is ${addresses.join(', ')}`);
}

function compareClocks({ ctx }: Exam): Finding {
  const { serverTime } = ctx.wise;
  if (ctx.environment === 'local') return skipped('the embedded sandbox has a clock of its own');
  if (serverTime === null)
    return warning('The answer had no date.', 'Something answers in place of the API.');
  const skew = ctx.clock.now() - serverTime;
  const text = `${formatDuration(Math.round(Math.abs(skew) / 1_000) * 1_000)} ${skew < 0 ? 'behind' : 'ahead of'} the API`;
  if (Math.abs(skew) <= SKEW_MS) return ok(`at most ${SKEW_MS / 1_000}s from that of the API`);
  return warning(text, 'Set the clock of this machine (timedatectl set-ntp true).');
}

async function findCredentials({ ctx }: Exam): Promise<Finding> {
  if (ctx.profileId === null) {
    return warning(
      'No profile is set, so no token was looked for.',
      'Set KIOSKCTL_PROFILE_ID, or --profile-id.',
    );
  }
  const { source, endsAt, isLast = false } = await ctx.authorize(ctx.profileId);
  const end = endsAt === null ? '' : `, until ${new Date(endsAt).toISOString()}`;
  const text = `a token for profile ${ctx.profileId} from ${source}${end}`;
  const isEnding = isLast && endsAt !== null && endsAt - ctx.clock.now() < SOON_MS;
  return isEnding ? warning(`${text}, and nothing renews it`, 'Log in again: kioskctl login.') : ok(text);
}

async function seeProfile({ ctx }: Exam): Promise<Finding> {
  const { profileId, program } = ctx;
  if (profileId === null) return skipped('no profile is set');
  const programs = await listPrograms(ctx.wise, profileId, patient(ctx));
  const physical = programs.filter(({ cardType }) => cardType === 'PHYSICAL').map(({ name }) => name);
  if (program !== null && physical.length > 0 && !physical.includes(program)) {
    throw failure(
      'invalid-input',
      `Profile ${profileId} has no physical program ${program}.`,
      `It has ${physical.join(', ')}.`,
    );
  }
  if (physical.length > 0) return ok(`${profileId} can order ${physical.join(', ')}`);
  const hint = 'Cards that are there can be produced. Ask Wise about programs and the card limit.';
  return warning(`Profile ${profileId} can order no physical card (any more).`, hint);
}

/** Webhooks are a matter of the application: who only produces cards needs no credentials for it. */
async function findClient({ ctx }: Exam): Promise<Finding> {
  try {
    await ctx.clientKey();
    return ok('the application has its credentials');
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'credentials-missing') throw error;
    return skipped('no credentials of the application, which webhooks need');
  }
}

async function findSubscription({ ctx }: Exam): Promise<Finding> {
  if (ctx.environment === 'local') return skipped('a listener subscribes itself');
  const subscriptions = await listWebhooks(ctx);
  const found = subscriptions.find(({ eventType }) => eventType === PRODUCTION_EVENT);
  if (found) return ok(`events of productions go to ${found.url ?? 'an unknown URL'}`);
  const hint = 'Make one: kioskctl webhooks create --url URL. Without it, waits look at the API.';
  if (ctx.environment !== 'production') return warning('No subscription to events of productions.', hint);
  throw failure('no-listener', 'Nothing is subscribed to the events of productions.', hint);
}

async function findListener({ ctx, machine }: Exam): Promise<Finding> {
  const isThere = machine.inspectJournal() !== null && (await ctx.journal.isListenedTo());
  if (isThere) return ok('writes to the journal');
  return warning(
    'None writes to the journal.',
    'Start one: kioskctl listen. Without it, waits look at the API.',
  );
}

function countRequests({ ctx: { wise, environment } }: Exam): Finding {
  if (environment === 'local') return skipped('the embedded sandbox has none');
  const { reads, sends } = wise.used;
  // What others have used of the limit, the vendor doesn't tell.
  if (wise.limited === 0) return ok(`not limited now (${reads + sends} requests of this check)`);
  const hint = 'Others use the same credentials: wait a minute, and see what else runs.';
  return warning(`The API refused ${wise.limited} of ${reads + sends} requests with 429.`, hint);
}
