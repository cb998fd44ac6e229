// People who use a journal in PostgreSQL, each with a machine of their own.
import { onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';

/** Starts a sandbox, and returns it with the variables by which commands use it and the journal. */
export async function setUp(address: PostgresAddress) {
  const sandbox = await ServedSandbox.open(newUser());
  onTestFinished(async () => sandbox.close());
  return { sandbox, env: { KIOSKCTL_BASE_URL: sandbox.url, ...variablesOf(address) } };
}

/** Returns the variables of a command that uses a journal, without the password. */
export function variablesOf({ user, port, database, schema }: PostgresAddress): Record<string, string> {
  return {
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_TOKEN: 'T0KEN-0123456789abcdef',
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_JOURNAL: `postgres://${user}@127.0.0.1:${port}/${database}?schema=${schema}`,
  };
}

/** Creates a user with a home of its own, until the end of the test. */
export function newUser(env: Record<string, string> = {}): User {
  const user = new User(env);
  onTestFinished(() => user.leave());
  return user;
}

/** Creates a user of a journal. */
export function newColleague(address: PostgresAddress, env: Record<string, string> = {}): User {
  return newUser({ ...variablesOf(address), KIOSKCTL_JOURNAL_PASSWORD: address.password(), ...env });
}
