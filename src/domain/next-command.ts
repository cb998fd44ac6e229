import { type Attempt, isUnsettled, refusedForGood } from './attempt.ts';
import { lookUpError } from './errors/error-catalogue.ts';
import { formatReference, type KioskId, type Reference } from './ids.ts';
import type { Production } from './production.ts';
import type { Stage } from './stage.ts';
import { parseVendorTime } from './times/vendor-time.ts';

/** What a follow-up command needs to reach the same place: never a secret, `--confirm` or `--yes`. */
export interface Invocation {
  /** `['--context', 'local']`, and `--base-url` where one was given. */
  flags: readonly string[];
  /** The kiosk that the user named or configured. */
  kioskId: KioskId | null;
  /** The command cancels its cards at its end: nobody goes on with them. */
  cancels?: boolean;
}

interface Situation extends Reference {
  profileId: number;
  stage: Stage;
  production: Production | null;
  attempt: Attempt | null;
}

/** A command as a list of arguments, `complete` when none of them is a placeholder. */
export interface NextCommand {
  argv: string[];
  complete: boolean;
}

/** The command that brings a card one step further, or says what became of it; null when nothing is left to do. */
export function nextCommand(card: Situation, invocation: Invocation): NextCommand | null {
  const isNamed = !invocation.cancels && (card.cardToken !== null || card.orderId !== null);
  const step = isNamed ? nextStep(card, invocation.kioskId) : null;
  if (!step) return null;
  return {
    argv: ['kioskctl', ...step.map((part) => part ?? 'KIOSK'), ...invocation.flags],
    complete: step.every((part) => part !== null),
  };
}

function nextStep(card: Situation, kioskId: KioskId | null): (string | null)[] | null {
  const reference = formatReference(card);
  switch (card.stage) {
    case 'placed':
    case 'requirements-fulfilled':
    case 'details-created':
      return ['wait-ready', reference];
    case 'ready':
      return card.attempt?.outcome === 'refused' && card.attempt.production
        ? refusedStep(card.attempt, reference)
        : ['produce', reference, '--kiosk', kioskId];
    case 'in-progress':
      return ['wait-produced', reference, ...since(card.production)];
    case 'failed':
      return retryStep(card, reference);
    case 'unknown':
      return isUnsettled(card.attempt) ? ['wait-produced', reference] : ['status', reference];
    case 'expired':
    case 'cancelled':
    case 'returned':
      return ['order', '--like', reference];
    case 'produced':
    case 'completed':
      return null;
  }
}

/** Tells a machine without this journal where the attempt began. */
function since(production: Production | null): string[] {
  const time = production?.status === 'IN_PROGRESS' ? production.occurredAt : null;
  return time !== null && parseVendorTime(time) ? ['--after', time] : [];
}

/** Answers that mean this kiosk, not this card: another one may take it. */
const OTHER_KIOSK = new Set(['KIOSK_ID_NOT_FOUND', 'NO_BRANCH_LINKED_TO_KIOSK']);

/** A refused request is retried, which asks whether its cause is gone; for good, only a new order helps. */
function refusedStep(attempt: Attempt, reference: string): (string | null)[] {
  if (refusedForGood(attempt)) return ['order', '--like', reference];
  const isOfKiosk = OTHER_KIOSK.has(attempt.production?.errorCode ?? '');
  return isOfKiosk ? ['retry', reference, '--to-kiosk', null] : ['retry', reference];
}

function retryStep({ production, attempt }: Situation, reference: string): (string | null)[] {
  const isHopeless = lookUpError('production', production?.errorCode ?? null).retry === 'never';
  if (isHopeless || refusedForGood(attempt)) return ['order', '--like', reference];
  const knownKiosk = production?.kioskId ?? attempt?.kioskId ?? null;
  return knownKiosk === null ? ['retry', reference, '--to-kiosk', null] : ['retry', reference];
}

/** A whole command of ours for messages, which leads to the same place as the one that is running. */
export function commandLine(words: readonly string[], { flags }: Pick<Invocation, 'flags'>): string {
  return toShell(['kioskctl', ...words, ...flags]);
}

/** Writes a list of arguments so that a POSIX shell reads it back as the same list. */
export function toShell(argv: readonly string[]): string {
  return argv
    .map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
