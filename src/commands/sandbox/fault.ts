import { Flags, type Interfaces } from '@oclif/core';
import * as v from 'valibot';
import { SandboxCommand, stateFlag } from '../../cli/sandbox-command.ts';
import { failure } from '../../domain/errors/failure.ts';
import { durationFlag, kioskFlag, numberFlag, simulationFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import { type Fault, faultSchema } from '../../wire/fault.ts';

export default class SandboxFault extends SandboxCommand {
  static override summary = 'Make the embedded sandbox fail, the next times.';
  static override description =
    `A chosen answer to requests of a method and path, a refused produce request, or a kiosk that fails by itself.
Without any of them, lists the faults that are set.`;
  static override examples = [
    '<%= config.bin %> sandbox fault --method PUT --path /production --reset after',
    '<%= config.bin %> sandbox fault --path /card-orders --status 429 --retry-after 2 --times 3',
    '<%= config.bin %> sandbox fault --refuse KIOSK_ID_NOT_FOUND',
    '<%= config.bin %> sandbox fault --kiosk WIS00001 --outcome PRODUCTION_ERROR:PRD_HOPPER_DOOR --times 12',
    '<%= config.bin %> sandbox fault --method PUT --path /production --approval',
    '<%= config.bin %> sandbox fault --clear',
  ];
  static override flags = {
    method: Flags.string({
      summary: 'Only requests of this method.',
      options: ['GET', 'POST', 'PUT', 'DELETE'],
    }),
    path: Flags.string({
      summary: 'Only requests with this in their path, or the whole path with *.',
      helpValue: 'PATH',
    }),
    status: numberFlag({ min: 200, max: 599, summary: 'Answer with this status.', helpValue: 'CODE' }),
    'retry-after': numberFlag({ min: 0, summary: 'With --status: its Retry-After.', helpValue: 'SECONDS' }),
    body: Flags.string({ summary: 'With --status: this text as the body.', helpValue: 'TEXT' }),
    effect: Flags.boolean({ summary: 'With --status or --delay: carry the request out first.' }),
    approval: Flags.boolean({
      summary: "Answer 403 as if Wise required the user's approval (strong customer authentication).",
    }),
    reset: Flags.string({
      summary: 'Cut the connection, before or after the effect.',
      options: ['before', 'after'],
    }),
    cut: Flags.boolean({ summary: 'Carry it out, and send only half of the answer.' }),
    delay: durationFlag({ summary: 'Answer late.', helpValue: 'DURATION' }),
    refuse: Flags.string({ summary: 'Refuse produce requests with this code.', helpValue: 'CODE' }),
    outcome: simulationFlag({
      summary: 'What becomes of cards on --kiosk by itself.',
      helpValue: 'STATUS[:CODE]',
    }),
    kiosk: kioskFlag({ summary: 'With --refuse or --outcome: on this kiosk.', helpValue: 'ID' }),
    after: durationFlag({ summary: 'With --outcome, or a queued request: when.', helpValue: 'DURATION' }),
    times: numberFlag({ max: 1_000_000, summary: 'How often (default 1).', helpValue: 'N' }),
    clear: Flags.boolean({ summary: 'Take all faults away.' }),
    ...stateFlag,
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(SandboxFault);
    const fault = toFault(flags);
    return this.withSandbox(flags, (sandbox) => {
      if (flags.clear) sandbox.clearFaults();
      if (fault) sandbox.addFault(fault);
      const faults = sandbox.listFaults();
      return {
        exitCode: 0,
        document: { faults },
        text: () => faults.map((one) => `${JSON.stringify(one)}\n`).join('') || 'No faults are set.\n',
      };
    });
  }
}

type FaultFlags = Interfaces.InferredFlags<typeof SandboxFault.flags>;

/**
 * Makes a fault out of the flags. The schema of the sandbox finds contradictions.
 * @returns null if the flags name none
 * @throws Failure `usage`
 */
function toFault(flags: FaultFlags): Fault | null {
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
    `The fault is not complete or not right: ${mistakes.join('; ')}.`,
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
