import { simulateOne, verifyProfile } from '../../cards/simulate.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { type AnswerFault, faultSchema } from '../../wire/fault.ts';
import { defineStep } from './step.ts';
import { duration, simulation } from './values.ts';

const simulate = defineStep({
  kind: 'simulate',
  about: 'Sets the production result in a sandbox: PRODUCED, PRODUCTION_ERROR:CODE, or profile-verified.',
  example: 'simulate: PRODUCTION_ERROR:PRD_HOPPER_DOOR',
  schema: simulation,
  card: 'needed',
  storedBefore: true,
  requires: 'simulation',
  title(result) {
    if (result === 'profile-verified') return result;
    return result.errorCode ? `${result.status}:${result.errorCode}` : result.status;
  },
  async run({ ctx, session, attemptId, record }, result) {
    // Between a request and its result, only the production changes.
    session.setNeedsOnlyProduction(attemptId !== null);
    if (result === 'profile-verified') return verifyProfile(ctx, session.identity.profileId);
    await record('simulate', async () => simulateOne(ctx, session, result));
  },
});

const fault = defineStep({
  kind: 'fault',
  about: 'Sets a fault of the embedded sandbox, as in kioskctl sandbox fault.',
  example: 'fault: {…}',
  schema: faultSchema,
  card: 'optional',
  storedBefore: true,
  requires: 'control',
  title(body) {
    if (body.kind === 'answer') return titleOf(body);
    return body.errorCode ?? ('status' in body ? body.status : null);
  },
  async run({ ctx, key }, body) {
    await ctx.sandboxControl().putFault(key, body);
  },
  async cleanUp({ ctx, key }) {
    await ctx.sandboxControl().removeFault(key);
  },
});

function titleOf({ method, path, status, approval, reset, cut, delayMs }: AnswerFault): string {
  const effect =
    status ??
    (approval ? 'approval' : null) ??
    (reset ? `reset ${reset}` : cut ? 'cut' : `delay ${formatDuration(delayMs ?? 0)}`);
  return [effect, method, path].filter((part) => part !== undefined).join(' ');
}

const advance = defineStep({
  kind: 'advance',
  about: 'Advances the clock of the embedded sandbox.',
  example: 'advance: 61d',
  schema: duration,
  card: 'optional',
  storedBefore: true,
  requires: 'control',
  title: formatDuration,
  /** Stores the target time, so that a repeated step sets the clock to the same time. */
  async prepare({ ctx, entry }, by) {
    entry.advanceTo ??= (await ctx.sandboxControl().advance(0)) + by;
  },
  async run({ ctx, entry }) {
    const control = ctx.sandboxControl();
    await control.advance(Math.max(0, (entry.advanceTo ?? 0) - (await control.advance(0))));
  },
});

export const SANDBOX_STEPS = [simulate, fault, advance];
