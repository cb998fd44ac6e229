import { type Attempt, isUnsettled } from './attempt.ts';
import { formatReference, type KioskId, type Reference } from './ids.ts';
import type { Production } from './production.ts';
import type { Stage } from './stage.ts';
import { parseVendorTime } from './times/vendor-time.ts';

/** The parts of the running command that suggested commands repeat. */
export interface Invocation {
  /** The flags that select the context and the server. Never contains secrets, `--confirm` or `--yes`. */
  flags: readonly string[];
  /** The kiosk from the flags or the settings. */
  kioskId: KioskId | null;
  /** The profile flag for suggested commands that name no card; empty if the flag was not set. */
  profileFlag?: readonly string[];
  /** True if the command cancels its cards when it ends. Such cards have no next command. */
  cancels?: boolean;
}

interface Situation extends Reference {
  profileId: number;
  stage: Stage;
  production: Production | null;
  attempt: Attempt | null;
}

/** A command as a list of arguments. `complete`: it contains no placeholder. */
interface NextCommand {
  argv: string[];
  complete: boolean;
}

/** Returns the next command for a card; null if the card needs none. */
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
      return ['wait-produced', reference, ...afterFlag(card.production)];
    case 'failed':
      return retryStep(card, reference);
    case 'unknown':
      return isUnsettled(card.attempt) ? ['wait-produced', reference] : ['status', reference];
    // An expired card counts towards the limit of physical cards until its order is cancelled.
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

/**
 * Returns `--after` with the start time of the attempt in progress, so that the command also works without this
 * journal; empty if no attempt is in progress.
 */
function afterFlag(production: Production | null): string[] {
  const time = production?.status === 'IN_PROGRESS' ? production.occurredAt : null;
  return time !== null && parseVendorTime(time) ? ['--after', time] : [];
}

/** Errors that depend on the kiosk; another kiosk may accept the card. */
const OTHER_KIOSK = new Set(['KIOSK_ID_NOT_FOUND', 'NO_BRANCH_LINKED_TO_KIOSK']);

/** Returns the command to run after a refused request. */
function refusedStep(attempt: Attempt, reference: string): (string | null)[] {
  const isOfKiosk = OTHER_KIOSK.has(attempt.production?.errorCode ?? '');
  return isOfKiosk ? ['retry', reference, '--to-kiosk', null] : ['retry', reference];
}

function retryStep({ production, attempt }: Situation, reference: string): (string | null)[] {
  const knownKiosk = production?.kioskId ?? attempt?.kioskId ?? null;
  return knownKiosk === null ? ['retry', reference, '--to-kiosk', null] : ['retry', reference];
}

/** Formats a command line for messages, with the context flags of the running command. */
export function commandLine(words: readonly string[], { flags }: Pick<Invocation, 'flags'>): string {
  return toShell(['kioskctl', ...words, ...flags]);
}

/** Pattern of commands that accept context flags. */
const WORDS =
  '(?:context (?:set|unset)|(?:events|journal|kiosk|runbook|runs|webhooks) [a-z]+|cancel|cards|doctor|incident|listen|log|login|logout|orders?|produce|programs|retry|run|serve|simulate|status|wait-produced|wait-ready|whoami)';

/** Pattern of a part of a word: punctuation only if the word continues after it, as in a file name or a time. */
const PART = String.raw`[^\s.,;:)]|[.,;:](?![\s.,;:)]|$)`;

/**
 * Pattern of an argument in a text: a flag, a placeholder, a quoted word, or a word with a digit or slash. Other words
 * may be prose.
 */
const ARGUMENT = String.raw`(?:--?[a-z][\w-]*|<[^>]+>|'[^']*'|"[^"]*"|(?:${PART})*?[\d/](?:${PART})*)`;

/**
 * Pattern of a command in a text, or of a quotation, which may contain one. A command does not match if `--context`,
 * `--environment` or `--help` follows it on its line.
 */
const COMMAND = new RegExp(
  String.raw`“[^”]*”|kioskctl (?!(?:(?!kioskctl )[^\n])*--(?:context|environment|help)\b)(${WORDS})(?![\w-])((?: ${ARGUMENT})*)`,
  'g',
);

/** Commands that use the default profile instead of a card. */
const OF_PROFILE = /^(?:cards|orders?|programs|whoami)$/;

/** Adds the context flags of the running command to the suggested commands in a text, so that users can copy them. */
export function completeCommands(
  text: string,
  { flags = [], profileFlag = [] }: Partial<Invocation>,
): string {
  if (flags.length === 0 || !text.includes('kioskctl ')) return text;
  return text.replace(COMMAND, (command, words: string | undefined, rest: string) => {
    if (words === undefined) return command;
    const isOfProfile = OF_PROFILE.test(words) && !rest.includes('--like');
    return `${command} ${toShell([...(isOfProfile ? profileFlag : []), ...flags])}`;
  });
}

/** Placeholder for a kiosk that the user must fill in. Unquoted, so that a shell rejects the command. */
export const MISSING_KIOSK = '<KIOSK>';

/** Quotes a list of arguments so that a POSIX shell and PowerShell read the same words. */
export function toShell(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}

/**
 * Quotes an argument. PowerShell reads an unquoted comma or @ as syntax, and typographic quotes like plain ones. A word with
 * both kinds of quotes has no form in common: that of a POSIX shell is returned.
 */
function quote(part: string): string {
  if (part === MISSING_KIOSK || /^[\w%+=:./-]+$/.test(part)) return part;
  if (/['‘’‚‛]/.test(part) && !/["“”„$`\\!]/.test(part)) return `"${part}"`;
  return `'${part.replaceAll("'", `'\\''`)}'`;
}

/** Completes the commands in the hints of errors, at any depth of a document. */
export function completeHints<Data>(data: Data, invocation: Partial<Invocation> = {}): Data {
  const complete = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return key === 'hint' ? completeCommands(value, invocation) : value;
    if (Array.isArray(value)) return value.map((one) => complete(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, complete(one, name)]));
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same form, with other hints
  return hasHint(data) ? (complete(data) as Data) : data;
}

/**
 * True if a document has a hint, at any depth. Called first, because a stream may print thousands of documents per
 * second, most of them without a hint.
 */
function hasHint(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'hint' in value || Object.values(value).some(hasHint);
}
