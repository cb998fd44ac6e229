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

/** Checks that a server accepts the plans of this command. @throws Failure `no-server`, which says how servers differ */
export async function requireServer(ctx: Context, terms: PlanTerms): Promise<void> {
  const { journal, stopwatch, signal } = ctx;
  const deadline = stopwatch.after(REPLACED_MS);
  for (;;) {
    const leases = await journal.listLeases();
    const servers = leases.flatMap(({ subject, isRunning }) =>
      isRunning === false ? [] : (termsOf(subject) ?? []),
    );
    const [difference] = servers.map((server) => differenceOf(terms, server));
    if (servers.some((server) => differenceOf(terms, server) === null)) return;
    if (stopwatch.until(deadline) <= 0) throw noServer(difference ?? null);
    await stopwatch.sleep(CHECK_MS, signal);
  }
}

function noServer(difference: string | null) {
  if (difference === null)
    return failure(
      'no-server',
      'No server accepts plans with this journal. Nothing was handed over.',
      'Start one: kioskctl serve --accept-plans. Or run the command again without --detach.',
    );
  return failure(
    'no-server',
    `The server that accepts plans with this journal has ${difference}. Nothing was handed over.`,
    'Use the settings of the server, or run the command again without --detach.',
  );
}
