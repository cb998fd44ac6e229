import type { Statement } from '../../database/database.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import type { Store } from './store.ts';

/**
 * Returns a statement for each lease. The statement renews and returns the lease, or returns nothing if the lease is no
 * longer ours.
 */
export async function renewals(
  { environment, connection, heartbeats }: Store,
  subjects: readonly string[],
): Promise<Statement[]> {
  const { at, uptime, parameters } = await heartbeats.stamp();
  const sql = `UPDATE leases SET renewed_at = ${at}, renewed_uptime = ${uptime}
    WHERE environment = :environment AND subject = :subject AND owner = :connection RETURNING subject`;
  return subjects.map((subject) => ({
    sql,
    parameters: { environment, subject, connection, ...parameters },
  }));
}

/** Creates the error for a lease that is no longer ours. */
export function lostLease(subject = ''): Failure {
  const message = `This process was suspended and lost its lock on ${subject}.`;
  return failure('leased', message, 'Nothing was sent: try again.');
}
