import { formatDuration } from '../domain/duration.ts';
import { Failure } from '../domain/failure.ts';
import { toShell } from '../domain/next.ts';
import { formatReference } from '../domain/reference.ts';
import type { Context } from './context.ts';
import type { Subject } from './each-card.ts';
import type { Observation } from './observe.ts';
import { poll } from './poll.ts';
import type { Target } from './targets.ts';

export interface Wait {
  /** What is waited for, for messages: “ready”. */
  goal: string;
  /** True when it is reached; throws a Failure when it never will be. */
  isReached: (seen: Observation) => boolean;
  /** Done after each look, before it is judged. */
  onLook?: (seen: Observation) => Promise<Observation | undefined>;
  /** How to wait again, for when nothing was seen that says more. */
  command?: (target: Target) => string[];
  /** Milliseconds since the epoch, when it is not the subject's own. */
  deadline?: number | null;
  /** The failure at the deadline, when it is not `deadline-passed`. */
  onDeadline?: () => Failure;
}

/**
 * Looks at one card until it is where it should be, and shows how that goes.
 * @throws Failure `deadline-passed`, or what `isReached` throws
 */
export async function waitFor(ctx: Context, subject: Subject, wait: Wait): Promise<Observation> {
  const deadline = wait.deadline === undefined ? subject.deadline : wait.deadline;
  const show = (outage: string | null) =>
    ctx.report.progress({
      subject: formatReference(subject.target),
      state: subject.latest?.card.stage ?? `not seen yet, waiting for ${wait.goal}`,
      since: subject.startedAt,
      deadline,
      lastLookAt: subject.lookedAt,
      outage,
    });
  let failing: string | null = null;
  const end = await poll({
    clock: ctx.clock,
    signal: ctx.signal,
    timing: ctx.timing,
    deadline,
    look: async (read) => {
      const seen = await subject.observe(read);
      return (await wait.onLook?.(seen)) ?? seen;
    },
    decide: (seen) => {
      if (wait.isReached(seen)) return { done: seen };
      failing = null;
      show(failing);
      return 'wait';
    },
    onOutage: (outage) => {
      failing = outage.message;
      show(failing);
    },
    onPause: () => show(failing),
  }).finally(() => ctx.report.settled());
  if (end.kind === 'done') return end.result;
  if (wait.onDeadline) throw wait.onDeadline();
  throw deadlinePassed(ctx, subject, { wait, outage: end.outage });
}

function deadlinePassed(
  ctx: Context,
  { card, target, latest }: Subject,
  { wait, outage }: { wait: Wait; outage: Failure | null },
): Failure {
  const { goal, command } = wait;
  const again = toShell(['kioskctl', ...(command?.(target) ?? []), ...ctx.invocation.flags]);
  const seen = outage ? `the last look failed: ${outage.message}` : `it was last seen ${card.stage}`;
  const message = `Card ${formatReference(target)} was not ${goal} within ${formatDuration(ctx.timing.timeout ?? 0)}; ${seen}`;
  return new Failure('deadline-passed', message.replace(/\.?$/, '.'), {
    hint: (latest === null && command ? again : card.next) ?? 'Wait again, with a longer --timeout.',
    ...(outage?.details && { details: outage.details }),
  });
}
