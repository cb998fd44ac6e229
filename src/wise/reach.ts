import * as v from 'valibot';
import { Failure } from '../domain/errors/failure.ts';
import type { Client, ReadOptions } from './client.ts';

/**
 * Asks the API for nothing, without a token, to see whether it is there: any answer of its own will do.
 * @returns how long it took, in milliseconds
 * @throws Failure when there is no answer, or one of a server in trouble
 */
export async function reach(client: Client, options: ReadOptions = {}): Promise<number> {
  const started = performance.now();
  const request = { method: 'GET', path: '/', profileId: 'application', authorization: null } as const;
  try {
    await client.read({ ...request, schema: v.unknown() }, options);
  } catch (error) {
    const isAnswered = error instanceof Failure && (error.details?.httpStatus ?? 500) < 500;
    if (!isAnswered) throw error;
  }
  return Math.round(performance.now() - started);
}
