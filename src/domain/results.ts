import type { Card } from './card.ts';
import { lookUpError } from './errors/error-catalogue.ts';
import { combineExitCodes, type ExitCode } from './errors/exit-codes.ts';
import { type Failure, type FailureDocument, failure } from './errors/failure.ts';
import { formatReference, type KioskId } from './ids.ts';
import { commandLine, type Invocation } from './next-command.ts';
import type { CardFailure } from './selection.ts';

/** The outcomes of an action or wait for one card, with their meanings. */
export const OUTCOMES = {
  done: 'The action is complete, or the wait reached its target.',
  unchanged: 'The action was already in effect. Nothing was sent.',
  failed: 'The production failed, or the action ended with an error.',
  refused: 'Wise or kioskctl refused the request.',
  unknown: 'The request may have been accepted.',
  timeout: 'The deadline passed.',
  interrupted: 'A signal ended the action or wait.',
  skipped: 'An earlier step of the pipe failed for this card.',
  'not-started': 'The command ended before it began with this card.',
} as const;

export type ResultOutcome = keyof typeof OUTCOMES;

/**
 * The mode in which a wait detects changes. `poll`: it reads the API. `journal`: it reads the events that a webhook
 * listener stores in the journal. `auto`: `journal` while a listener is running, otherwise `poll`.
 */
export type Via = 'auto' | 'poll' | 'journal';

export interface CardResult {
  /** The card. If it could not be read, it has only the data of its reference. */
  card: Card;
  outcome: ResultOutcome;
  /** null if work on the card was not started. */
  exitCode: ExitCode | null;
  /** True if the action changed the card; undefined for reads and waits. */
  changed?: boolean;
  /** The source that ended a wait: a read of the API, or a stored event. */
  via?: 'api' | 'event';
  error?: FailureDocument;
}

/** Number of cards per outcome. Outcomes without cards are omitted. */
export type Summary = Partial<Record<ResultOutcome, number>> & { total: number };

const OUTCOME_OF_EXIT: Partial<Record<ExitCode, ResultOutcome>> = {
  2: 'refused',
  8: 'unknown',
  9: 'refused',
  10: 'refused',
  75: 'timeout',
  129: 'interrupted',
  130: 'interrupted',
  143: 'interrupted',
};

/**
 * Returns the outcome of a card for the error that ended its action or wait.
 * @param isRefusal true for an action that was not tried
 */
export function outcomeOf(error: FailureDocument, exitCode: ExitCode, isRefusal = false): ResultOutcome {
  const outcome = OUTCOME_OF_EXIT[exitCode];
  return outcome ?? (isRefusal || error.code === 'production-refused' ? 'refused' : 'failed');
}

export function summarize(results: readonly CardResult[]): Summary {
  const summary: Summary = { total: results.length };
  for (const { outcome } of results) summary[outcome] = (summary[outcome] ?? 0) + 1;
  return summary;
}

/** Returns the exit code of a command. @param stops failures that stopped the command early */
export function exitCodeOf(results: readonly CardResult[], stops: readonly Failure[] = []): ExitCode {
  return combineExitCodes([...results, ...stops].map(({ exitCode }) => exitCode ?? 0));
}

/** Returns the failure whose exit code has the highest precedence; null for an empty list. */
export function gravestOf(stops: readonly Failure[]): Failure | null {
  const code = combineExitCodes(stops.map(({ exitCode }) => exitCode));
  return stops.find(({ exitCode }) => exitCode === code) ?? null;
}

/** True if a failure concerns the journal. Nothing is sent after such a failure. */
export function isOfJournal(code: string): code is 'journal-unusable' | 'journal-replaced' {
  return code === 'journal-unusable' || code === 'journal-replaced';
}

/** Returns the journal failure that stopped the command; null without one. */
export function journalStop(results: readonly CardResult[]): Failure | null {
  const isCutShort = results.some(({ outcome }) => outcome === 'not-started');
  const { error } = results.find((result) => result.error && isOfJournal(result.error.code)) ?? {};
  return error && isCutShort && isOfJournal(error.code)
    ? failure(error.code, error.message, error.hint)
    : null;
}

/** Returns the Wise errors of all failed cards and requests. */
export function failuresIn(results: readonly Pick<CardResult, 'card' | 'error'>[]): CardFailure[] {
  return results.flatMap(({ card, error }) => {
    const cause = error ? causeOf(error) : null;
    if (cause || card.stage !== 'failed') return cause ?? [];
    return { kind: 'production', errorCode: card.production?.errorCode ?? null };
  });
}

/** Returns the Wise error that caused a failure; null without one. */
export function causeOf({ code, details }: FailureDocument): CardFailure | null {
  const errorCode = details?.errorCode ?? null;
  if (code === 'production-refused') return { kind: 'request', errorCode };
  return code === 'production-failed' ? { kind: 'production', errorCode } : null;
}

/**
 * Groups results: those with the same error at the same kiosk form one group, those that were not started another, and
 * every other result is a group of its own. Groups are in the order of their first card.
 */
export function groupFailures<One extends CardResult>(results: readonly One[]): One[][] {
  const groups = Map.groupBy(results, (result) => {
    const { card, error, exitCode, outcome } = result;
    if (outcome === 'not-started') return outcome;
    if (!error) return result;
    const cause = causeOf(error)?.errorCode ?? withoutName(error.message, card);
    return JSON.stringify([outcome, exitCode, error.code, cause, failedAt(result)]);
  });
  return [...groups.values()];
}

/** Returns the kiosk of a failed production; null for other errors. */
function failedAt({ card, error }: CardResult): KioskId | null {
  return error?.code === 'production-failed' ? (card.production?.kioskId ?? null) : null;
}

/** Describes the common error of several cards. @param first any card of the group */
export function describeGroup(first: CardResult, count: number): string {
  const code = first.error && causeOf(first.error)?.errorCode;
  const kioskId = failedAt(first);
  return `${count} cards ${first.outcome}${code ? ` with ${code}` : ''}${kioskId === null ? '' : ` at ${kioskId}`}`;
}

/** An error in text output. */
export interface ShownError {
  /** The card's name; null if the error concerns several cards. */
  about: string | null;
  /** True if the text output already shows which card has the error. */
  isClear?: boolean;
  /**
   * True if the text output already shows the message next to the card, and also the hint if standard error is the same
   * terminal.
   */
  isListed?: boolean;
  error: FailureDocument;
}

/**
 * Returns the errors of results for text output. Cards with the same result share one error.
 * @param options.showsReasons true if the text output has a reason next to each card, so that errors need no card names
 */
export function errorsIn(
  results: readonly CardResult[],
  { showsReasons, invocation }: { showsReasons: boolean; invocation: Pick<Invocation, 'flags'> },
): ShownError[] {
  const groups = groupFailures(results.filter(({ error }) => error));
  return groups.flatMap((group): ShownError[] => {
    const [first] = group;
    if (!first?.error) return [];
    const { card, error } = first;
    const message = withoutName(error.message, card);
    if (group.length > 1) return [{ about: null, error: errorOfGroup(group, { card, error, invocation }) }];
    const about = isNameless(card) ? null : formatReference(card);
    return [{ about, isClear: showsReasons || results.length === 1, error: { ...error, message } }];
  });
}

/** True if no order was placed for the card, so that it has no name. */
export function isNameless({ orderId, cardToken }: Card): boolean {
  return orderId === null && cardToken === null;
}

/** Returns a card's error message without the card's name; null without an error. */
export function reasonOf({ card, error }: CardResult): string | null {
  return error ? withoutName(error.message, card) : null;
}

/** Removes the card's name from a message. */
export function withoutName(message: string, card: Card): string {
  if (isNameless(card)) return message;
  const names = [card, { ...card, cardToken: null }].map((named) => formatReference(named));
  return names.reduce(
    (text, name) => text.replaceAll(`Card ${name}`, 'The card').replaceAll(`card ${name}`, 'the card'),
    message,
  );
}

interface GroupError {
  /** Any card of the group, with its error. */
  card: Card;
  error: FailureDocument;
  invocation: Pick<Invocation, 'flags'>;
}

/** Creates the error of a group of cards. */
function errorOfGroup(
  group: readonly CardResult[],
  { card, error, invocation }: GroupError,
): FailureDocument {
  const cause = causeOf(error);
  const next = nextOfGroup(group, invocation);
  if (!cause) {
    const message = `${group.length} cards: ${withoutName(error.message, card)}`;
    const hint = card.next === null ? error.hint : error.hint.replace(card.next, next ?? card.next);
    return { ...error, message, hint };
  }
  const { code, meaning, nextStep } = lookUpError(cause.kind, cause.errorCode);
  const hint = next === null ? nextStep : `${nextStep} Next: ${next}`;
  return { ...error, message: `${group.length} cards: ${code}. ${meaning}`, hint };
}

/**
 * Returns the next command for a group: its common command, or `kiosk recover` for a kiosk; null if the commands
 * differ.
 */
function nextOfGroup(group: readonly CardResult[], invocation: Pick<Invocation, 'flags'>): string | null {
  const cards = group.map(({ card }) => card);
  const kiosks = new Set(
    cards.map(({ stage, production }) => (stage === 'failed' ? production?.kioskId : null)),
  );
  const [kioskId] = kiosks;
  if (kioskId && kiosks.size === 1) return commandLine(['kiosk', 'recover', kioskId], invocation);
  const names = cards.map(formatReference);
  // Commands that differ only in `--after` count as equal: this journal has the attempts, so the flag is not needed.
  const commands = cards.map(({ next }, index) =>
    next?.replace(/ --after \S+/, '').replace(names[index] ?? '', '…'),
  );
  const [command] = commands;
  const isSame = new Set(commands).size === 1 && command !== undefined && !command.includes('--like');
  return isSame ? command.replace('…', names.join(' ')) : null;
}

/** Creates the one error for a signal, with the cards that it interrupted. */
export function interruptedError(
  ending: Failure,
  results: readonly CardResult[],
  { mayHaveSent, invocation }: { mayHaveSent: boolean; invocation: Pick<Invocation, 'flags'> },
): FailureDocument {
  const cut = results.filter(({ outcome }) => outcome === 'interrupted');
  if (!mayHaveSent || cut.length === 0) return ending.toDocument();
  const command = commandLine(['status', ...cut.map(({ card }) => formatReference(card))], invocation);
  return { ...ending.toDocument(), hint: `What was sent may still complete. Check: ${command}` };
}
