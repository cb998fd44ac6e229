import { Args, Flags, type Interfaces } from '@oclif/core';
import type { Context } from '../context/context.ts';
import { ERROR_CATALOGUE, findErrors } from '../domain/errors/error-catalogue.ts';
import { failure } from '../domain/errors/failure.ts';
import { type KioskId, parseKioskId } from '../domain/ids.ts';
import type { Selection } from '../domain/selection.ts';
import { STAGES, type Stage } from '../domain/stage.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';
import { durationFlag, flagKind, kioskFlag, timeFlag } from '../input/flags.ts';
import { vendorNow } from './kiosk-cards.ts';

/** Parses an error code. A documented code gets Wise's spelling. */
export const errorCodeFlag = flagKind((code) => findErrors(code)[0]?.code ?? code);

const stageFlag = flagKind((text): Stage => {
  const stage = STAGES.find((one) => one === text.toLowerCase());
  if (stage) return stage;
  const [meant] = nearestOf(text.toLowerCase(), STAGES);
  const near = meant ? `Did you mean ${meant}? ` : '';
  throw failure('usage', `“${printable(text)}” is not a stage.`, `${near}Use one of ${STAGES.join(', ')}.`);
});

const SELECTION = { helpGroup: 'SELECTION' };

/** Flags that filter the cards of the journal. */
export const cardSelectionFlags = {
  kiosk: kioskFlag({
    multiple: true,
    summary: 'Only cards at this kiosk (repeatable).',
    helpValue: 'ID',
    ...SELECTION,
  }),
  failed: Flags.boolean({
    summary: 'Only cards that failed or were refused.',
    ...SELECTION,
  }),
  'error-code': errorCodeFlag({
    multiple: true,
    summary: 'Only cards that failed with this code (repeatable).',
    helpValue: 'CODE',
    ...SELECTION,
  }),
  stage: stageFlag({
    multiple: true,
    summary: 'Only cards in this stage (repeatable).',
    helpValue: 'STAGE',
    ...SELECTION,
  }),
  expiring: durationFlag({
    summary: 'Only unproduced cards that expire within this time, or have expired.',
    helpValue: '7d',
    ...SELECTION,
  }),
  since: timeFlag({
    summary: 'Only cards whose production changed since: 2h (ago), or a time.',
    helpValue: 'TIME',
    ...SELECTION,
  }),
};

type CardSelectionFlags = Interfaces.InferredFlags<typeof cardSelectionFlags>;

const DAY_MS = 86_400_000;

/**
 * Converts flags to a filter for cards.
 * @returns the filter; null if no flag is set
 * @throws Failure `usage`, also for a filter that can never match
 */
export async function toCardSelection(ctx: Context, flags: CardSelectionFlags): Promise<Selection | null> {
  const { kiosk, failed, stage, expiring, since, 'error-code': codes } = flags;
  const isGiven = [kiosk, stage, codes, expiring, since].some((value) => value !== undefined);
  if (!isGiven && !failed) return null;
  const now = await vendorNow(ctx);
  const selection: Selection = {
    ...(kiosk && { kioskIds: distinct(kiosk) }),
    ...(failed && { isFailed: true }),
    ...(codes && { errorCodes: distinct(codes) }),
    ...(stage && { stages: stage }),
    // Days left are whole numbers, so part of a day counts as a day.
    ...(expiring !== undefined && { expiringDays: Math.ceil(expiring / DAY_MS) }),
    ...(since !== undefined && { since: since(now) }),
  };
  const contradiction = contradictionIn(selection, now);
  if (contradiction !== null) {
    throw failure('usage', contradiction, 'No card can match both: remove one of them.');
  }
  warnOfUndocumented(ctx, selection.errorCodes ?? []);
  return selection;
}

/** Stages that a card can have after a refused request: a refusal does not change the stage. */
const REFUSED = new Set<Stage>(['ready', 'failed']);

/** Final stages, in which a card has no days left. */
const ENDED = new Set<Stage>(['produced', 'completed', 'cancelled', 'returned']);

/**
 * Returns the reason why a filter can never match; null if it can.
 * @param now time of Wise's clock, in milliseconds since the epoch
 */
export function contradictionIn(selection: Selection, now: number): string | null {
  const { stages, isFailed, errorCodes, expiringDays, since } = selection;
  const named = stages?.join(', ') ?? '';
  if (since !== undefined && since > now) return '--since is in the future.';
  if (!stages) return null;
  if (isFailed && !stages.some((stage) => REFUSED.has(stage)))
    return `--failed and --stage ${named} contradict each other.`;
  const codes = errorCodes ?? [];
  if (codes.length > 0 && !codes.some((code) => stages.some((stage) => mayEndIn(stage, code))))
    return `A card that is ${named} has no error ${codes.join(', ')}.`;
  if (expiringDays !== undefined && stages.every((stage) => ENDED.has(stage)))
    return `--expiring and --stage ${named} contradict each other: such a card no longer expires.`;
  return null;
}

/** True if a card with this error code can be in this stage. For an undocumented code, any stage is possible. */
function mayEndIn(stage: Stage, code: string): boolean {
  const kinds = findErrors(code).map(({ kind }) => kind);
  const isOfProduction = kinds.length > 0 && !kinds.includes('request');
  return isOfProduction ? stage === 'failed' : REFUSED.has(stage);
}

export function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** Warns about undocumented error codes. They may be correct, because Wise adds codes without notice. */
export function warnOfUndocumented({ report }: Context, codes: readonly string[]): void {
  for (const code of codes.filter((one) => findErrors(one).length === 0)) {
    const [meant] = nearestOf(
      code.toUpperCase(),
      ERROR_CATALOGUE.map((entry) => entry.code),
    );
    report.warn(
      `${printable(code)} is not a documented error code.${meant ? ` Did you mean ${meant}?` : ''}`,
    );
  }
}

/** Rejects the combination of card arguments and filter flags. @throws Failure `usage` */
export function refuseBoth(named: readonly string[] | undefined, selection: Selection | null): void {
  if (!named || !selection) return;
  throw failure('usage', "Cards and filters can't be combined.", 'Pass cards, or select them with filters.');
}

/**
 * Validates the duration of a hold.
 * @returns milliseconds; null for a hold without an end
 * @throws Failure `usage` for 0
 */
export function toHoldDuration(duration: number | undefined): number | null {
  if (duration !== 0) return duration ?? null;
  throw failure('usage', '--for 0 holds nothing.', 'Use a duration like 4h, or leave --for out.');
}

const kioskArg = Args.custom<KioskId>({ parse: async (text) => parseKioskId(text) });

/** The kiosk that a command works on. */
export const kioskArgs = {
  kiosk: kioskArg({ required: true, ignoreStdin: true, description: 'Id of the kiosk.' }),
};

export const kioskListArgs = {
  kiosk: kioskArg({
    required: true,
    multiple: true,
    ignoreStdin: true,
    description: 'Ids of the kiosks.',
  }),
};

export const optionalKioskArgs = {
  kiosk: kioskArg({ multiple: true, ignoreStdin: true, description: 'Ids of the kiosks.' }),
};
