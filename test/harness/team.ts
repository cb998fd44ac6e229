// People on machines of their own, with one journal in PostgreSQL and one sandbox.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { User } from './program.ts';
import type { ServedSandbox } from './served.ts';

const PRELOAD = fileURLToPath(new URL('machine-preload.ts', import.meta.url));

/** What distinguishes a machine from the one of the test. */
export interface MachineTraits {
  host: string;
  user: string;
  /** Id of the machine's boot. */
  boot: string;
  /** Milliseconds that its calendar is ahead. */
  wrongBy: number;
}

interface Place {
  journal: PostgresAddress;
  sandbox: Pick<ServedSandbox, 'url'>;
}

/** Returns a user of another machine. Its commands are processes. */
export function newColleague(
  {
    user,
    host,
    wrongBy = 0,
    boot = randomUUID(),
  }: Pick<MachineTraits, 'user' | 'host'> & Partial<MachineTraits>,
  { journal, sandbox }: Place,
): User {
  const traits: MachineTraits = { user, host, wrongBy, boot };
  return new User({
    MACHINE: JSON.stringify(traits),
    NODE_OPTIONS: `--import=${PRELOAD}`,
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_TOKEN: 'T0KEN-0123456789abcdef',
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_CLIENT_KEY: 'team',
    KIOSKCTL_BASE_URL: sandbox.url,
    KIOSKCTL_JOURNAL: urlOf(journal),
    KIOSKCTL_JOURNAL_PASSWORD: journal.password(),
  });
}

/** Returns the URL of a journal. */
export function urlOf({ user, host, port, database, schema }: PostgresAddress): string {
  return `postgres://${user}@${host}:${port}/${database}?schema=${schema}`;
}

interface Outcomes {
  kioskId: string;
  /** Error code with which the kiosk fails; null if it produces the cards. */
  errorCode: string | null;
  /** Number of productions. */
  times: number;
  /** Duration of a production in milliseconds, which the speed of the sandbox divides. */
  afterMs?: number;
}

/** Sets the results of the next productions at a kiosk of a sandbox. */
export async function setOutcomes({ url }: Pick<ServedSandbox, 'url'>, outcomes: Outcomes): Promise<void> {
  const { errorCode, ...fields } = outcomes;
  const result = errorCode === null ? { status: 'PRODUCED' } : { status: 'PRODUCTION_ERROR', errorCode };
  const answer = await fetch(`${url}/_sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'outcome', ...fields, ...result }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
