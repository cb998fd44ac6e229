import * as v from 'valibot';
import type { Context } from '../context/context.ts';
import { asExitCode, type ExitCode } from '../domain/errors/exit-codes.ts';
import { failure, PassedOnError } from '../domain/errors/failure.ts';
import type { CardEvent } from '../domain/event.ts';
import { formatReference, parseCardName, parseReference, type Reference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import { readEventBody } from '../wire/events.ts';
import {
  bareCard,
  cardDocument,
  type Entry,
  eventLine,
  kioskctlDocument,
  parseDocuments,
  unquoted,
} from './piped-documents.ts';
import {
  type CardRequest,
  type GivenReference,
  type PassedOn,
  resolveCards,
} from './session/resolve-cards.ts';

/** The cards of a command. `shape`: form of the command's JSON document, with one card or with a list. */
export interface CardInput {
  targets: CardRequest[];
  shape: 'card' | 'cards';
}

/**
 * Parses the CARD arguments of a command. A single `-` reads all of standard input.
 * @throws Failure `usage`, `invalid-reference`, and the failures of `parsePiped`
 * @throws PassedOnError if the previous command of the pipe failed and printed no card
 */
export async function readCards(ctx: Context, given: readonly string[]): Promise<CardInput> {
  if (!given.includes('-')) {
    const targets = await resolveCards(ctx, given.map(parseCardName));
    return { targets, shape: given.length === 1 ? 'card' : 'cards' };
  }
  if (given.length > 1) {
    throw failure(
      'usage',
      "Standard input (-) and other cards can't be combined.",
      'Pass the cards as arguments, or pipe all of them in.',
    );
  }
  const piped = parsePiped(await ctx.files.stdin(), ctx.environment);
  if (piped.kind === 'passed-on') throw new PassedOnError(piped.passedOn.exitCode, piped.passedOn.error);
  return { targets: await resolveCards(ctx, piped.references), shape: piped.shape };
}

/** Parsed standard input: cards, or the error of the previous command of the pipe. */
type Piped =
  | { kind: 'cards'; references: GivenReference[]; shape: 'card' | 'cards' }
  | { kind: 'passed-on'; passedOn: PassedOn };

/** Profile id of Wise's test notifications. */
const TEST_PROFILE = 0;

/**
 * Parses piped input: one reference per line (optionally quoted, as jq prints strings), JSON documents of kioskctl,
 * cards or lists of cards extracted with jq, or webhook bodies of Wise.
 * @param environment environment of this command; documents of another environment are rejected
 * @throws Failure `input-required` for empty input, `invalid-input`, `invalid-reference`, `environment-mismatch`
 */
export function parsePiped(text: string, environment: string): Piped {
  const input = text.trim();
  if (input === '') {
    throw failure(
      'input-required',
      'Standard input is empty.',
      'Pipe card references or the output of another kioskctl command into it.',
    );
  }
  if (!/^[{[]/.test(input)) {
    const lines = input.split(/\r?\n/).map((line) => line.trim());
    return listOf(lines.filter(Boolean).map((line) => parseCardName(unquoted(line))));
  }
  const documents = parseDocuments(input);
  const [first, ...others] = documents;
  if (others.length === 0) return readDocument(first, environment);
  return joinDocuments(documents.map((document) => readDocument(document, environment)));
}

function joinDocuments(parts: Piped[]): Piped {
  const passedOn = parts.find((part) => part.kind === 'passed-on');
  if (passedOn) return passedOn;
  return {
    kind: 'cards',
    references: parts.flatMap((part) => (part.kind === 'cards' ? part.references : [])),
    shape: 'cards',
  };
}

function readDocument(document: unknown, environment: string): Piped {
  if (typeof document === 'string') return listOf([parseCardName(document)]);
  if (Array.isArray(document)) return joinDocuments(document.map((one) => readDocument(one, environment)));
  const event = readEventBody(document);
  if (event && event.profileId !== null) return readEvent(event);
  const line = v.safeParse(eventLine, document);
  if (line.success) {
    refuseOtherEnvironment(line.output.environment, environment);
    return listOf(cardsOf([line.output]));
  }
  const bare = v.safeParse(bareCard, document);
  if (bare.success) return listOf([toReference(bare.output, null)]);
  const own = v.safeParse(kioskctlDocument, document);
  if (!own.success) {
    throw failure(
      'invalid-input',
      'Standard input is neither a kioskctl document nor an event from Wise.',
      'Pipe the --json output of another kioskctl command, card references, or event bodies.',
    );
  }
  refuseOtherEnvironment(own.output.environment, environment);
  return readOwn(own.output);
}

function refuseOtherEnvironment(named: string | null | undefined, environment: string): void {
  if (!named || named === environment) return;
  throw failure(
    'environment-mismatch',
    `Standard input is from environment ${printable(named)}.`,
    `This command uses ${environment}. Use the same --context on both sides of the pipe.`,
  );
}

/**
 * Parses a document of kioskctl. Cards for which the earlier command failed are skipped. A failure of
 * `status` is ignored, because `status` only reads.
 */
function readOwn(document: v.InferOutput<typeof kioskctlDocument>): Piped {
  const { card, cards, orders, events, error, command } = document;
  const exitCode = asExitCode(document.exitCode ?? 0);
  const isStatus = command === 'status';
  if (card) {
    const passedOn = isStatus || !error ? null : { exitCode, error, ...asItWas(card) };
    return { kind: 'cards', references: [toReference(card, passedOn)], shape: 'card' };
  }
  if (events) return listOf(cardsOf(events.filter((one) => v.is(eventLine, one))));
  const entries = cards ?? orders;
  if (entries)
    return listOf(entries.map((one) => toReference(one, isStatus ? null : failureOf(one, exitCode))));
  if (error) return { kind: 'passed-on', passedOn: { exitCode, error } };
  // Lines about the event stream itself contain no card.
  if (document.type) return listOf([]);
  throw failure(
    'invalid-input',
    `The output of kioskctl ${printable(command ?? '')} contains no cards.`,
    'Pipe the output of a command about cards or orders.',
  );
}

function listOf(references: GivenReference[]): Piped {
  return { kind: 'cards', references, shape: 'cards' };
}

/**
 * Returns the failure of a list entry; null if it has none. A card that the previous command did not start gets the
 * failure `not-started`, with the exit code of that command.
 */
function failureOf(entry: Entry, stopped: ExitCode): PassedOn | null {
  const { exitCode, error, outcome } = entry;
  if (error) return { exitCode: asExitCode(exitCode ?? stopped), error, ...asItWas(entry) };
  if (outcome !== 'not-started') return null;
  const message = 'An earlier command of the pipe did not start with this card.';
  return { exitCode: stopped, error: { code: 'not-started', message, hint: 'Run that command again.' } };
}

/**
 * Returns the card as the previous command printed it, because a skipped card is not read again. Empty if fields are
 * missing.
 */
function asItWas(entry: Entry): Pick<PassedOn, 'card'> {
  const card = v.safeParse(cardDocument, entry);
  return card.success ? { card: card.output } : {};
}

/** Returns the cards of events without duplicates. Skips test notifications and events without a card. */
function cardsOf(events: readonly v.InferOutput<typeof eventLine>[]): GivenReference[] {
  const named = events.filter(
    ({ test, cardToken, orderId }) => !test && (cardToken ?? orderId ?? null) !== null,
  );
  const references = named.map((event) => toReference(event, null));
  return [...new Map(references.map((reference) => [formatReference(reference), reference])).values()];
}

function readEvent({ profileId, cardToken, orderId }: CardEvent): Piped {
  const name = cardToken ?? orderId;
  if (profileId === TEST_PROFILE || name === null) return listOf([]);
  return listOf([parseReference(`${profileId}/${name}`)]);
}

function toReference(
  { profileId, cardToken, orderId, production }: Entry,
  passedOn: PassedOn | null,
): GivenReference & Reference {
  const name = cardToken ?? orderId;
  if (name === null || name === undefined) {
    throw failure(
      'invalid-input',
      'An entry of standard input names no card.',
      'Each entry needs a cardToken or an orderId.',
    );
  }
  return {
    ...parseReference(profileId ? `${profileId}/${name}` : String(name)),
    orderId: orderId ?? null,
    after: afterOf(production),
    ...(passedOn && { passedOn }),
  };
}

/** Returns the start time of the attempt in progress; null if the document shows none. */
function afterOf(production: Entry['production']): string | null {
  const time = production?.status === 'IN_PROGRESS' ? (production.occurredAt ?? null) : null;
  return parseVendorTime(time) ? time : null;
}
