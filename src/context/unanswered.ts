import type { Failure } from '../domain/errors/failure.ts';
import type { Context } from './context.ts';

/**
 * Waits for the response to a request with an effect. If a second signal ends the command first, the command reports
 * `unknown`.
 * @param unknown creates the failure for a request with an unknown outcome
 */
export async function awaitAnswer<Answer>(
  { unanswered }: Pick<Context, 'unanswered'>,
  answer: Promise<Answer>,
  unknown: () => Failure,
): Promise<Answer> {
  unanswered.add(unknown);
  try {
    return await answer;
  } finally {
    unanswered.delete(unknown);
  }
}
