import type { Failure } from '../domain/errors/failure.ts';
import type { Context } from './context.ts';

/**
 * Awaits the answer to a request with an effect. If a second signal ends the command meanwhile, it ends with `unknown`.
 * @param unknown returns the failure of a request whose outcome is unknown
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
