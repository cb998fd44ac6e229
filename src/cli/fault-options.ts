import * as v from 'valibot';
import { Failure } from '../domain/errors/failure.ts';
import { parseSimulation } from '../domain/simulation.ts';
import { parseDuration } from '../domain/times/duration.ts';
import { type Fault, faultSchema } from '../wire/fault.ts';

/** The flags of `sandbox fault` as oclif gives them. */
export interface FaultFlags {
  method?: string | undefined;
  path?: string | undefined;
  status?: string | undefined;
  'retry-after'?: string | undefined;
  body?: string | undefined;
  effect: boolean;
  reset?: string | undefined;
  cut: boolean;
  delay?: string | undefined;
  refuse?: string | undefined;
  outcome?: string | undefined;
  kiosk?: string | undefined;
  after?: string | undefined;
  times?: string | undefined;
}

/**
 * Makes a fault out of the flags; the sandbox's own schema says what goes together.
 * @returns null when the flags name none
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
  throw new Failure('usage', `The fault is not complete or not right: ${mistakes.join('; ')}.`, {
    hint: 'See kioskctl sandbox fault --help.',
  });
}

function refusal({ refuse, kiosk, after, times }: FaultFlags): Record<string, unknown> {
  return {
    kind: 'produce',
    errorCode: refuse?.toUpperCase(),
    kioskId: kiosk,
    afterMs: duration(after),
    times: number(times),
  };
}

function outcome({ outcome: wanted = '', kiosk, after, times }: FaultFlags): Record<string, unknown> {
  return {
    kind: 'outcome',
    ...parseSimulation(wanted),
    kioskId: kiosk,
    afterMs: duration(after),
    times: number(times),
  };
}

function answer(flags: FaultFlags): Record<string, unknown> | null {
  const { method, path, status, body, reset, delay, times } = flags;
  const isGiven = [method, path, status, body, reset, delay, times].some((value) => value !== undefined);
  if (!isGiven && !flags.cut && !flags.effect) return null;
  return {
    kind: 'answer',
    method,
    path,
    times: number(times),
    status: number(status),
    retryAfter: number(flags['retry-after']),
    body,
    effect: flags.effect || undefined,
    reset,
    cut: flags.cut || undefined,
    delayMs: duration(delay),
  };
}

function duration(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
