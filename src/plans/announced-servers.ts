import type { Context } from '../context/context.ts';
import { differenceOf, type PlanTerms } from '../detached/plan-terms.ts';
import { failure } from '../domain/errors/failure.ts';

/** First word of the lease with which a server shows that it accepts plans with its terms. */
const WORD = 'plans';

/** Returns the lease of the servers with these terms. One of them has it; when it ends, another one acquires it. */
export function leaseOnTerms({ context, api, credentials, major }: PlanTerms): string {
  return [WORD, ...[context, api, credentials, String(major)].map(encodeURIComponent)].join(' ');
}

function termsOf(subject: string): PlanTerms | null {
  const [word, ...parts] = subject.split(' ');
  const [context = '', api = '', credentials = '', major = ''] = parts.map(decodeURIComponent);
  return word === WORD ? { context, api, credentials, major: Number(major) } : null;
}

/** Maximum time for another server to replace one that ended, in milliseconds. */
const REPLACED_MS = 5_000;
const CHECK_MS = 500;

/**
 * Checks that a server accepts the plans of this command.
 * @param alternative what the user can do without a server, as a sentence
 * @throws Failure `no-server`, which says how servers differ
 */
export async function requireServer(ctx: Context, terms: PlanTerms, alternative?: string): Promise<void> {
  const { journal, stopwatch, signal } = ctx;
  const deadline = stopwatch.after(REPLACED_MS);
  for (;;) {
    const leases = await journal.listLeases();
    const servers = leases.flatMap(({ subject, isRunning }) =>
      isRunning === false ? [] : (termsOf(subject) ?? []),
    );
    const [difference] = servers.map((server) => differenceOf(terms, server));
    if (servers.some((server) => differenceOf(terms, server) === null)) return;
    if (stopwatch.until(deadline) <= 0) throw noServer(difference ?? null, alternative);
    await stopwatch.sleep(CHECK_MS, signal);
  }
}

function noServer(difference: string | null, alternative?: string) {
  const server = difference === null ? 'No server accepts plans' : 'The server that accepts plans';
  const terms = difference === null ? '' : ` has ${difference}`;
  const fix =
    difference === null ? 'Start one: kioskctl serve --accept-plans.' : 'Use the settings of the server.';
  return failure(
    'no-server',
    `${server} with this journal${terms}. Nothing was sent.`,
    [fix, ...(alternative ? [alternative] : [])].join(' '),
  );
}
