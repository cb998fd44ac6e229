import { describeOwner } from '../domain/attempt.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { PRODUCTION_EVENT } from '../domain/event.ts';
import { counted, formatSize } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import { listWebhooks } from '../events/subscriptions.ts';
import { unusable } from '../journal/journal-faults.ts';
import { JOURNAL_SCHEMA } from '../journal/open-journal.ts';
import { OTHER_HOME } from '../machine/file-faults.ts';
import { reach } from '../wise/cards.ts';
import { listPrograms } from '../wise/orders.ts';
import { type Check, type CheckInput, type CheckOutcome, ok, restrict, skipped, warning } from './check.ts';
import { checkServer, SERVER_CHECKS } from './server-checks.ts';

/** All checks of `doctor` in their order: this machine first, then the API and the journal. */
export const CHECKS: readonly Check[] = [
  { name: 'version', run: checkVersion },
  { name: 'home', run: checkFiles },
  { name: 'settings', run: checkSettings },
  { name: 'context', run: checkContext },
  { name: 'journal', needs: ['context'], run: checkJournal },
  ...SERVER_CHECKS,
  { name: 'network', needs: ['context'], run: checkRoute },
  { name: 'certificate', needs: ['context'], run: checkCertificate },
  { name: 'dns', needs: ['context'], isOnline: true, run: checkHost },
  { name: 'api', needs: ['context'], isOnline: true, run: checkApi },
  { name: 'clock', needs: ['api'], isOnline: true, run: checkClock },
  { name: 'credentials', needs: ['context'], run: checkCredentials },
  { name: 'profile', needs: ['api', 'credentials'], isOnline: true, run: checkProfile },
  { name: 'kiosks', needs: ['context'], run: checkKiosks },
  { name: 'client', needs: ['context'], run: checkClient },
  { name: 'subscription', needs: ['api', 'client'], isOnline: true, run: checkSubscription },
  { name: 'public-key', needs: ['context'], run: checkPublicKey },
  { name: 'listener', needs: ['context', 'journal'], run: checkListener },
  { name: 'completion', run: checkCompletion },
  { name: 'rate-limit', needs: ['api'], isOnline: true, run: checkRateLimit },
];

const DAY_MS = 86_400_000;
/** Days before the expiry of a client certificate at which `doctor` warns. */
const RENEWAL_DAYS = 30;
/**
 * Clock difference to Wise, in milliseconds, at which `doctor` warns. A larger difference makes ages of cards and
 * lifetimes of tokens wrong.
 */
const SKEW_MS = 30_000;
/** Remaining lifetime of a token, in milliseconds, at which `doctor` warns: a long wait would outlive the token. */
const SOON_MS = 15 * 60_000;

function checkVersion({ probe: { versions } }: CheckInput): CheckOutcome {
  return ok(`kioskctl ${versions.kioskctl}, Node ${versions.node}, ${versions.platform}`);
}

function checkFiles({ probe }: CheckInput): CheckOutcome {
  const files = probe.listFiles();
  const blocked = files.find(({ obstacles }) => obstacles.length > 0);
  if (blocked) {
    const [{ reason, fix } = { reason: 'unknown', fix: null }] = blocked.obstacles;
    const commands = new Set(
      files.flatMap(({ obstacles }) => obstacles.flatMap(({ command }) => command ?? [])),
    );
    const mend = commands.size > 0 ? `Run: ${[...commands].join('; ')}` : (fix ?? 'Make it writable');
    throw failure(
      'storage-unusable',
      `${blocked.path} can't be written: ${reason}.`,
      `${mend}, or ${OTHER_HOME}.`,
    );
  }
  const open = files.filter(({ mode }) => mode !== null && (mode & 0o077) !== 0);
  if (open.length === 0) return ok(files.map(({ path }) => path).join(', ') || 'nothing is stored yet');
  return warning('Other users of this machine can read the files of kioskctl.', restrict(open));
}

function checkCompletion({ probe }: CheckInput): CheckOutcome {
  const completion = probe.findCompletion();
  if (!completion) return skipped('for bash, zsh and fish: kioskctl completion --help');
  const { shell, file, line, isInstalled } = completion;
  if (isInstalled) return ok(`of ${shell}, installed in ~/${file}`);
  return skipped(`not installed. To install it for ${shell}, add this line to ~/${file}: ${line}`);
}

function checkSettings({ probe }: CheckInput): CheckOutcome {
  const { file, isThere, contexts, otherWriter } = probe.readSettings();
  if (!isThere) return ok('none: only flags and environment variables are used');
  if (otherWriter) {
    const hint = `Check its content. ${otherWriter.fix}. Until then, its credential commands are not run.`;
    return warning(`Others can change ${file}: ${otherWriter.reason}.`, hint);
  }
  return ok(`${file}: ${contexts.length === 0 ? 'no contexts' : contexts.join(', ')}`);
}

function checkContext({ ctx: { name, environment, profileId } }: CheckInput): CheckOutcome {
  const profile = profileId === null ? 'no profile' : `profile ${profileId}`;
  return ok(`${name}, environment ${environment}, ${profile}`);
}

async function checkJournal({ ctx: { journalFile, journalServer } }: CheckInput): Promise<CheckOutcome> {
  if (journalServer) return checkServer(await journalServer());
  const { path } = journalFile;
  const journal = journalFile.inspect();
  if (!journal) return ok(`${path}: none yet, the first command creates it`);
  const { bytes, schema, damage, identity } = journal;
  if (damage.length > 0) throw unusable(path, `is damaged: ${damage[0]}`);
  if (schema > JOURNAL_SCHEMA)
    throw failure(
      'journal-unusable',
      `The journal ${path} was written by a newer kioskctl.`,
      'Update kioskctl.',
    );
  const version = `schema ${schema}${schema < JOURNAL_SCHEMA ? ` (will be ${JOURNAL_SCHEMA})` : ''}`;
  const id = identity === null ? '' : `, id ${identity.id}`;
  return ok(
    `${path}: ${formatSize(bytes)}, sound, ${version}${id}, last backup: ${utcTime(identity?.backedUpAt ?? null) ?? 'never'}`,
  );
}

async function checkRoute({ probe }: CheckInput): Promise<CheckOutcome> {
  const { url, proxy } = await probe.findRoute();
  if (url === null) return skipped('the embedded sandbox needs none');
  const authorities = probe.readAuthorities();
  const trusted = authorities ? `, ${authorities.count} more authorities from ${authorities.file}` : '';
  return ok(`${url} ${proxy === null ? 'without a proxy' : `through the proxy ${proxy}`}${trusted}`);
}

async function checkCertificate({ probe, ctx }: CheckInput): Promise<CheckOutcome> {
  const certificate = await probe.readCertificate();
  if (!certificate) return skipped('no mutual TLS');
  const days = Math.floor((certificate.validUntil - ctx.calendar.now()) / DAY_MS);
  const text = `${certificate.file} is valid for ${counted(days, 'more day')}`;
  return days >= RENEWAL_DAYS ? ok(text) : warning(text, 'Ask Wise for a new one in time.');
}

async function checkHost({ probe }: CheckInput): Promise<CheckOutcome> {
  const { url, proxy } = await probe.findRoute();
  if (url === null) return skipped('the embedded sandbox is in this process');
  // URLs put an IPv6 address in brackets; the resolver expects none.
  const hostname = new URL(proxy ?? url).hostname.replaceAll(/^\[|\]$/g, '');
  const addresses = await probe.resolve(hostname);
  return ok(`${hostname}${proxy === null ? '' : ' (the proxy)'} is ${addresses.join(', ')}`);
}

async function checkApi({ ctx }: CheckInput): Promise<CheckOutcome> {
  return ok(`answers within ${await reach(ctx.wise, { signal: ctx.signal, retry: false })} ms`);
}

function checkClock({ ctx }: CheckInput): CheckOutcome {
  const { serverTime } = ctx.wise;
  if (ctx.environment === 'local') return skipped('the embedded sandbox has a clock of its own');
  if (serverTime === null)
    return warning('The answer had no date.', 'Something answers in place of the API.');
  const skew = ctx.calendar.now() - serverTime;
  if (Math.abs(skew) <= SKEW_MS) return ok(`at most ${SKEW_MS / 1_000}s from that of the API`);
  const difference = formatDuration(Math.round(Math.abs(skew) / 1_000) * 1_000);
  const text = `${difference} ${skew < 0 ? 'behind' : 'ahead of'} the API`;
  return warning(text, 'Set the clock of this machine (timedatectl set-ntp true).');
}

async function checkCredentials({ ctx }: CheckInput): Promise<CheckOutcome> {
  if (ctx.profileId === null) {
    const hint = 'Set KIOSKCTL_PROFILE_ID, or --profile-id.';
    return warning('No profile is set, so no token was looked for.', hint);
  }
  const { source, endsAt, isLast = false } = await ctx.authorize(ctx.profileId);
  const end = endsAt === null ? '' : `, until ${utcTime(endsAt)}`;
  const text = `a token for profile ${ctx.profileId} from ${source}${end}`;
  const isEnding = isLast && endsAt !== null && endsAt - ctx.calendar.now() < SOON_MS;
  return isEnding ? warning(`${text}, and nothing renews it`, 'Log in again: kioskctl login.') : ok(text);
}

async function checkProfile({ ctx }: CheckInput): Promise<CheckOutcome> {
  const { profileId, program, signal } = ctx;
  if (profileId === null) return skipped('no profile is set');
  const programs = await listPrograms(ctx.wise, profileId, { signal, retry: false });
  const physical = programs.filter(({ cardType }) => cardType === 'PHYSICAL').map(({ name }) => name);
  const names = physical.join(', ');
  if (physical.length === 0) {
    const hint = 'Existing cards can be produced. Ask Wise about programs and the card limit.';
    return warning(`Profile ${profileId} can't order physical cards, or no more of them.`, hint);
  }
  if (program === null || physical.includes(program)) return ok(`${profileId} can order ${names}`);
  throw failure(
    'invalid-input',
    `Profile ${profileId} has no physical program ${program}.`,
    `It has ${names}.`,
  );
}

function checkKiosks({ ctx: { kiosks } }: CheckInput): CheckOutcome {
  if (kiosks.length > 0) return ok(kiosks.join(', '));
  return warning('The context has no kiosks.', 'Set them in the context, or use --kiosk.');
}

/** Checks the application's credentials, which only webhook commands use. */
async function checkClient({ ctx }: CheckInput): Promise<CheckOutcome> {
  try {
    await ctx.clientKey();
    return ok('the application has credentials');
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'credentials-missing') throw error;
    return skipped('no credentials of the application, which webhooks need');
  }
}

async function checkSubscription({ ctx }: CheckInput): Promise<CheckOutcome> {
  if (ctx.environment === 'local') return skipped('a listener subscribes itself');
  const subscriptions = await listWebhooks(ctx);
  const found = subscriptions.find(({ eventType }) => eventType === PRODUCTION_EVENT);
  if (found) return ok(`production events go to ${found.url ?? 'an unknown URL'}`);
  const hint = 'Create one: kioskctl webhooks create --url <URL>. Without it, waits poll the API.';
  if (ctx.environment !== 'production') return warning('No subscription to production events.', hint);
  throw failure('no-listener', 'There is no subscription to production events.', hint);
}

async function checkPublicKey({ ctx, probe }: CheckInput): Promise<CheckOutcome> {
  const { pem, source } = await ctx.webhookKey();
  const { type, bits } = probe.readKey(pem);
  return ok(`${source}, ${type}${bits === null ? '' : ` with ${bits} bits`}`);
}

async function checkListener({ ctx }: CheckInput): Promise<CheckOutcome> {
  const isThere = ctx.journalServer !== null || ctx.journalFile.inspect({ check: 'none' }) !== null;
  const listeners = isThere ? await ctx.journal.listRunningListeners() : [];
  const names = listeners.map(({ owner }) => describeOwner(owner));
  if (isThere && (await ctx.journal.isListenedTo()))
    return ok(['writes to the journal', names.join(', ')].filter(Boolean).join(': '));
  const hint = 'Start one: kioskctl listen. Without it, waits poll the API.';
  return warning('No webhook listener is running.', hint);
}

function checkRateLimit({ ctx: { wise, environment } }: CheckInput): CheckOutcome {
  if (environment === 'local') return skipped('the embedded sandbox has none');
  const { reads, sends } = wise.used;
  // The API does not show how many requests other clients sent.
  if (wise.limited === 0) return ok(`not limited now (${reads + sends} requests of this check)`);
  const hint = 'Other processes use the same credentials. Wait a minute, and check what else is running.';
  return warning(`The API refused ${wise.limited} of ${reads + sends} requests with 429.`, hint);
}
