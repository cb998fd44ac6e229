import { type Attempt, isUnsettled } from './attempt.ts';
import { formatReference, type KioskId, type Reference } from './ids.ts';
import type { Production } from './production.ts';
import type { Stage } from './stage.ts';
import { parseVendorTime } from './times/vendor-time.ts';

/** The data of the running command that its follow-up commands need. */
export interface Invocation {
  /** The flags that select the same context and server: never a secret, `--confirm` or `--yes`. */
  flags: readonly string[];
  /** The kiosk of a flag or of the settings. */
  kioskId: KioskId | null;
  /** The flag that selects the same profile, for commands that name no card; none if no flag set it. */
  profileFlag?: readonly string[];
  /** True if the command cancels its cards at its end, so that they have no next command. */
  cancels?: boolean;
}

interface Situation extends Reference {
  profileId: number;
  stage: Stage;
  production: Production | null;
  attempt: Attempt | null;
}

/** A command as a list of arguments. It is `complete` if none of them is a placeholder. */
interface NextCommand {
  argv: string[];
  complete: boolean;
}

/** Returns the next command for a card; null if nothing is left to do. */
export function nextCommand(card: Situation, invocation: Invocation): NextCommand | null {
  const isNamed = !invocation.cancels && (card.cardToken !== null || card.orderId !== null);
  const step = isNamed ? nextStep(card, invocation.kioskId) : null;
  if (!step) return null;
  return {
    argv: ['kioskctl', ...step.map((part) => part ?? MISSING_KIOSK), ...invocation.flags],
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
    // Until its order is cancelled, it counts for the limit of physical cards.
    case 'expired':
      return ['cancel', reference];
    case 'cancelled':
    case 'returned':
      return ['order', '--like', reference];
    case 'produced':
    case 'completed':
      return null;
  }
}

/** Returns the flag with the start of the attempt, for machines without this journal. */
function since(production: Production | null): string[] {
  const time = production?.status === 'IN_PROGRESS' ? production.occurredAt : null;
  return time !== null && parseVendorTime(time) ? ['--after', time] : [];
}

/** Errors of the kiosk, not of the card: another kiosk may accept it. */
const OTHER_KIOSK = new Set(['KIOSK_ID_NOT_FOUND', 'NO_BRANCH_LINKED_TO_KIOSK']);

/** Returns the command that follows a refused request. */
function refusedStep(attempt: Attempt, reference: string): (string | null)[] {
  const isOfKiosk = OTHER_KIOSK.has(attempt.production?.errorCode ?? '');
  return isOfKiosk ? ['retry', reference, '--to-kiosk', null] : ['retry', reference];
}

function retryStep({ production, attempt }: Situation, reference: string): (string | null)[] {
  const knownKiosk = production?.kioskId ?? attempt?.kioskId ?? null;
  return knownKiosk === null ? ['retry', reference, '--to-kiosk', null] : ['retry', reference];
}

/** Returns a command line for messages, with the context of the running command. */
export function commandLine(words: readonly string[], { flags }: Pick<Invocation, 'flags'>): string {
  return toShell(['kioskctl', ...words, ...flags]);
}

/** Commands that use a context, as they stand in a text. */
const WORDS =
  '(?:context (?:set|unset)|(?:events|journal|kiosk|runbook|runs|webhooks) [a-z]+|cancel|cards|doctor|incident|listen|log|login|logout|orders?|produce|programs|retry|run|simulate|status|wait-produced|wait-ready|whoami)';

/** An argument in a text: a flag, a placeholder, quoted, or with a digit or a slash; anything else may be prose. */
const ARGUMENT = String.raw`(?:--?[a-z][\w-]*|<[^>]+>|'[^']*'|[^\s.,;:)]*[\d/][^\s.,;:)]*)`;

/** A command without a context in the rest of its line. */
const COMMAND = new RegExp(
  String.raw`kioskctl (?!(?:(?!kioskctl )[^\n])*--(?:context|environment|help)\b)(${WORDS})(?![\w-])((?: ${ARGUMENT})*)`,
  'g',
);

/** Commands that work on the default profile, and name no card. */
const OF_PROFILE = /^(?:cards|orders?|programs|whoami)$/;

/** Adds the context of the running command to the commands in a text that name none, so that they run as printed. */
export function completeCommands(
  text: string,
  { flags = [], profileFlag = [] }: Partial<Invocation>,
): string {
  if (flags.length === 0 || !text.includes('kioskctl ')) return text;
  return text.replace(COMMAND, (command, words: string, rest: string) => {
    const isOfProfile = OF_PROFILE.test(words) && !rest.includes('--like');
    return `${command} ${toShell([...(isOfProfile ? profileFlag : []), ...flags])}`;
  });
}

/** Stands for a kiosk that the user must name. It is never quoted, so that a shell refuses the command. */
export const MISSING_KIOSK = '<KIOSK>';

/** Quotes a list of arguments for a POSIX shell. */
export function toShell(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

function quote(part: string): string {
  const isPlain = part === MISSING_KIOSK || /^[\w@%+=:,./-]+$/.test(part);
  return isPlain ? part : `'${part.replaceAll("'", `'\\''`)}'`;
}
