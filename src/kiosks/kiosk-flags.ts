import { Args, Flags } from '@oclif/core';
import type { Context } from '../context/context.ts';
import { ERROR_CATALOGUE, findErrors } from '../domain/errors/error-catalogue.ts';
import { Failure } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import type { Selection } from '../domain/selection.ts';
import { STAGES, type Stage } from '../domain/stage.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';
import { parseDuration } from '../domain/times/duration.ts';
import { parsePointInTime } from '../domain/times/vendor-time.ts';
import { toKioskId, toText } from '../input/flags.ts';
import { vendorNow } from './kiosk-cards.ts';
import { contradictionIn } from './retry-plan.ts';

/** Flags that filter the cards of the journal. */
export const cardSelectionFlags = {
  kiosk: Flags.string({
    multiple: true,
    summary: 'Only cards at this kiosk; may be repeated.',
    helpValue: 'ID',
    helpGroup: 'SELECTION',
  }),
  failed: Flags.boolean({
    summary: 'Only cards that failed, or were refused.',
    helpGroup: 'SELECTION',
  }),
  'error-code': Flags.string({
    multiple: true,
    summary: 'Only cards that failed with this code; may be repeated.',
    helpValue: 'CODE',
    helpGroup: 'SELECTION',
  }),
  stage: Flags.string({
    multiple: true,
    summary: 'Only cards in this stage; may be repeated.',
    helpValue: 'STAGE',
    helpGroup: 'SELECTION',
  }),
  expiring: Flags.string({
    summary: 'Only cards still to be produced that run out of days within this time, or did.',
    helpValue: '7d',
    helpGroup: 'SELECTION',
  }),
  since: Flags.string({
    summary: 'Only cards whose production moved since then: 2h, or a time.',
    helpValue: 'TIME',
    helpGroup: 'SELECTION',
  }),
};

export interface CardSelectionFlags {
  kiosk?: string[] | undefined;
  failed?: boolean;
  'error-code'?: string[] | undefined;
  stage?: string[] | undefined;
  expiring?: string | undefined;
  since?: string | undefined;
}

const DAY_MS = 86_400_000;

/**
 * Makes a selection of cards out of flags.
 * @returns null when none of them was given
 * @throws Failure `usage`, also for a selection that no card can ever fit
 */
export async function toCardSelection(ctx: Context, flags: CardSelectionFlags): Promise<Selection | null> {
  const { kiosk, failed, stage, expiring, since } = flags;
  const isGiven = [kiosk, stage, flags['error-code'], expiring, since].some((value) => value !== undefined);
  if (!isGiven && !failed) return null;
  const now = await vendorNow(ctx);
  const errorCodes = flags['error-code'] && toErrorCodes(flags['error-code']);
  const selection: Selection = {
    ...(kiosk && { kioskIds: toKioskIds(kiosk) }),
    ...(failed && { isFailed: true }),
    ...(errorCodes && { errorCodes }),
    ...(stage && { stages: stage.map(toStage) }),
    // Days are whole: less than one is one.
    ...(expiring !== undefined && { expiringDays: Math.ceil(parseDuration(expiring) / DAY_MS) }),
    ...(since !== undefined && { since: parsePointInTime(since, { flag: '--since', now }) }),
  };
  const contradiction = contradictionIn(selection, now);
  if (contradiction !== null) {
    throw new Failure('usage', contradiction, { hint: 'No card can ever fit: leave one of them out.' });
  }
  warnOfUndocumented(ctx, selection.errorCodes ?? []);
  return selection;
}

/** @throws Failure `usage` */
export function toKioskIds(texts: readonly string[]): KioskId[] {
  return [...new Set(texts.flatMap((text) => toKioskId(text, '--kiosk') ?? []))];
}

/** Documented codes as the vendor writes them, others as they were given. @throws Failure `usage` */
export function toErrorCodes(texts: readonly string[]): string[] {
  const codes = texts.flatMap((text) => toText(text, '--error-code') ?? []);
  return [...new Set(codes.map((code) => findErrors(code)[0]?.code ?? code))];
}

/** The vendor adds codes without notice: one that is not documented may still be right. */
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

/** @throws Failure `usage` for cards that are named and selected at once */
export function refuseBoth(named: readonly string[] | undefined, selection: Selection | null): void {
  if (!named || !selection) return;
  throw new Failure('usage', 'Cards were named and selected at once.', {
    hint: 'Name the cards, or select them with flags.',
  });
}

function toStage(text: string): Stage {
  const stage = STAGES.find((one) => one === text.toLowerCase());
  if (stage) return stage;
  const [meant] = nearestOf(text.toLowerCase(), STAGES);
  throw new Failure('usage', `“${printable(text)}” is no stage of a card.`, {
    hint: `${meant ? `Did you mean ${meant}? ` : ''}There are: ${STAGES.join(', ')}.`,
  });
}

/** The kiosk that a command works on. */
export const kioskArgs = {
  kiosk: Args.string({ required: true, ignoreStdin: true, description: 'The id of the kiosk.' }),
};

export const optionalKioskArgs = {
  kiosk: Args.string({ multiple: true, ignoreStdin: true, description: 'Only these kiosks, by their ids.' }),
};
