import type { Card } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { FailureDocument } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import { unmetRequirements } from '../domain/requirement.ts';
import type { CardResult } from '../domain/results.ts';
import type { Stage } from '../domain/stage.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import type { Style } from '../output/style.ts';

/** What a command did with its cards, for people: a few lines for one card, a line for each of several. */
export function renderCards(
  results: readonly CardResult[],
  { style, isList }: { style: Style; isList: boolean },
): string {
  if (!isList) return results.map((result) => renderCard(result, style)).join('');
  const lines = results.map((result) => `${mark(result, style)} ${summaryOf(result)}\n`);
  const counts = new Map<string, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  return `${lines.join('')}${counted(results.length, 'card')}: ${summary || 'nothing to do'}\n`;
}

function renderCard(result: CardResult, style: Style): string {
  const { card, error } = result;
  // An order that was not placed: the error says all there is.
  if (card.orderId === null && card.cardToken === null) return '';
  const next = card.next && !error ? `  Next: ${style.bold(printable(card.next))}\n` : '';
  return `${mark(result, style)} ${summaryOf(result)}\n${next}`;
}

function mark({ outcome }: CardResult, style: Style): string {
  if (outcome === 'done') return style.good('✓');
  return outcome === 'unchanged' ? style.dim('=') : style.bad('✗');
}

/** A card in one line: its name, its order, and where it stands; or why it was not taken, which leaves it where it was. */
function summaryOf({ card, error }: CardResult): string {
  const order = card.orderId !== null && card.cardToken !== null ? ` (order ${card.orderId})` : '';
  const stands = error?.code === 'production-refused' ? describeRefusal(error) : describeStage(card);
  return printable(`${formatReference(card)}${order} ${stands}`);
}

function describeRefusal({ details }: FailureDocument): string {
  const { code, meaning } = lookUpError('request', details?.errorCode ?? null);
  return `refused: ${code}. ${meaning}`;
}

/** Where a card stands, in words. */
export function describeStage(card: Card): string {
  const kiosk = card.production?.kioskId ? ` on ${card.production.kioskId}` : '';
  const attempt = card.attempt > 0 ? `, attempt ${card.attempt}` : '';
  if (card.stage === 'failed') return `failed${kiosk}${attempt}: ${describeError(card)}`;
  const waiting = unmetRequirements(card.requirements ?? null).map(({ type, status }) => `${type} ${status}`);
  const needs = waiting.length > 0 ? `, waiting for ${waiting.join(', ')}` : '';
  return `${card.stage}${card.stage === 'ready' ? '' : kiosk}${attempt}${needs}`;
}

/** The error code of a card with its one-line meaning; empty when nothing failed. */
export function describeError({ production }: Card): string {
  if (production?.status !== 'PRODUCTION_ERROR') return '';
  const { code, meaning } = lookUpError('production', production.errorCode);
  return `${code}. ${meaning}`;
}

const STEPS: readonly Stage[][] = [
  ['placed', 'requirements-fulfilled', 'details-created'],
  ['ready'],
  ['in-progress', 'failed', 'unknown'],
  ['produced', 'completed'],
];

/** The way of a card through the kiosk as four dots: ordered, ready, in progress, collected. */
export function pipelineOf({ stage, production, attempt }: Card, style: Style): string {
  const isUnseen = stage === 'unknown' && production === null && attempt === 0;
  const reached = isUnseen ? -1 : STEPS.findIndex((stages) => stages.includes(stage));
  if (reached < 0) return style.dim('– – – –');
  return STEPS.map((_, step) => {
    if (step < reached || stage === 'produced' || stage === 'completed') return style.good('●');
    if (step > reached) return style.dim('○');
    return stage === 'failed' ? style.bad('✗') : style.warning('◉');
  }).join(' ');
}
