import { Flags, type Interfaces } from '@oclif/core';
import * as v from 'valibot';
import { failure } from '../domain/errors/failure.ts';
import { durationFlag, kioskFlag, numberFlag, simulationFlag } from '../input/flags.ts';
import { type Fault, faultSchema } from '../wire/fault.ts';
import { stateFlag } from './sandbox-command.ts';

/** Flags that describe a fault of the sandbox. */
export const faultFlags = {
  method: Flags.string({
    helpGroup: 'REQUESTS',
    summary: 'Only requests with this method.',
    options: ['GET', 'POST', 'PUT', 'DELETE'],
  }),
  path: Flags.string({
    helpGroup: 'REQUESTS',
    summary: 'Only requests whose path contains this text, or matches it as a whole with *.',
    helpValue: 'PATH',
  }),
  status: numberFlag({
    helpGroup: 'ANSWER',
    min: 200,
    max: 599,
    summary: 'Answer with this status.',
    helpValue: 'CODE',
  }),
  'retry-after': numberFlag({
    helpGroup: 'ANSWER',
    min: 0,
    summary: 'Retry-After header of the answer.',
    helpValue: 'SECONDS',
  }),
  body: Flags.string({
    helpGroup: 'ANSWER',
    summary: 'Body of the answer.',
    helpValue: 'TEXT',
  }),
  effect: Flags.boolean({
    helpGroup: 'ANSWER',
    summary: 'Execute the request before answering.',
  }),
  approval: Flags.boolean({
    helpGroup: 'ANSWER',
    summary: 'Answer 403, as if Wise required the approval of the user (strong customer authentication).',
  }),
  reset: Flags.string({
    helpGroup: 'ANSWER',
    summary: 'Close the connection before or after the request is executed.',
    options: ['before', 'after'],
  }),
  cut: Flags.boolean({
    helpGroup: 'ANSWER',
    summary: 'Execute the request, and send only half of the answer.',
  }),
  delay: durationFlag({ helpGroup: 'ANSWER', summary: 'Delay the answer.', helpValue: 'DURATION' }),
  refuse: Flags.string({
    helpGroup: 'PRODUCTION',
    summary: 'Refuse produce requests with this code.',
    helpValue: 'CODE',
  }),
  outcome: simulationFlag({
    helpGroup: 'PRODUCTION',
    summary: 'Production result of cards at --kiosk.',
    helpValue: 'STATUS[:CODE]',
  }),
  kiosk: kioskFlag({
    helpGroup: 'PRODUCTION',
    summary: 'Kiosk, for --refuse or --outcome.',
    helpValue: 'ID',
  }),
  after: durationFlag({
    helpGroup: 'PRODUCTION',
    summary: 'Time until the result, for --outcome or a queued request.',
    helpValue: 'DURATION',
  }),
  times: numberFlag({ max: 1_000_000, summary: 'Number of times (default 1).', helpValue: 'N' }),
  clear: Flags.boolean({ summary: 'Remove all faults.' }),
  ...stateFlag,
};

type FaultFlags = Interfaces.InferredFlags<typeof faultFlags>;

/**
 * Converts flags to a fault. The fault schema rejects contradictions.
 * @returns null if no flag is set
 * @throws Failure `usage`
 */
export function toFault(flags: FaultFlags): Fault | null {
  const parts =
    flags.refuse !== undefined
      ? refusal(flags)
      : flags.outcome !== undefined
        ? outcome(flags)
        : answer(flags);
  if (!parts) return null;
  const given = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
  const parsed = v.safeParse(faultSchema, given);
  if (parsed.success) return parsed.output;
  const mistakes = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the fault'}: ${issue.message}`);
  throw failure(
    'usage',
    `The fault is incomplete or invalid: ${mistakes.join('; ')}.`,
    'See kioskctl sandbox fault --help.',
  );
}

function refusal({ refuse, kiosk, after, times }: FaultFlags): Record<string, unknown> {
  return { kind: 'produce', errorCode: refuse?.toUpperCase(), kioskId: kiosk, afterMs: after, times };
}

function outcome({ outcome: wanted, kiosk, after, times }: FaultFlags): Record<string, unknown> {
  return { kind: 'outcome', ...wanted, kioskId: kiosk, afterMs: after, times };
}

function answer(flags: FaultFlags): Record<string, unknown> | null {
  const { method, path, status, body, reset, delay, times } = flags;
  const isGiven = [method, path, status, body, reset, delay, times].some((value) => value !== undefined);
  if (!isGiven && !flags.cut && !flags.effect && !flags.approval) return null;
  return {
    kind: 'answer',
    method,
    path,
    times,
    status,
    retryAfter: flags['retry-after'],
    body,
    effect: flags.effect || undefined,
    approval: flags.approval || undefined,
    reset,
    cut: flags.cut || undefined,
    delayMs: delay,
  };
}
