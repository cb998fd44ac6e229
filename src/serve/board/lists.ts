import { ORDER_EVENT } from '../../domain/event.ts';
import { commandLine } from '../../domain/next-command.ts';
import { counted } from '../../domain/text/words.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { type Markup, markup } from '../../output/markup.ts';
import type { BoardPlan } from './board-plans.ts';
import type { BoardEvent, BoardState, NeedyCard } from './board-state.ts';

/** Cached time format, because creating it is slow. */
let format: Intl.DateTimeFormat | null = null;

/** Renders a time in the time zone of the server. */
export function timeAt(at: number, isSince = false): Markup {
  format ??= new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const counts = isSince && markup` data-since="${at}"`;
  return markup`<time datetime="${utcTime(at)}"${counts}>${format.format(at)}</time>`;
}

/**
 * Renders the time since a moment. The script of the board replaces the time of day by the elapsed time, and counts on
 * without messages of the server.
 */
export function since(at: number): Markup {
  return timeAt(at, true);
}

const PROBLEMS: Readonly<Record<NeedyCard['problem']['kind'], string>> = {
  unknown: 'Outcome unknown',
  failed: 'Failed',
  expired: 'Expired: order again',
  expiring: 'Expires soon',
};

/** Renders a card that needs attention. */
export function needyCard({ name, kioskId, problem, daysLeft }: NeedyCard): Markup {
  const { kind, code } = problem;
  const what = code === null ? PROBLEMS[kind] : markup`<code>${code}</code>`;
  const days =
    daysLeft === null
      ? markup`<b aria-hidden="true">–</b><span class="hidden">days left unknown</span>`
      : markup`<b>${daysLeft}</b> <span>${daysLeft === 1 ? 'day' : 'days'} left</span>`;
  const isLate = kind === 'expired' || (daysLeft !== null && daysLeft <= 7);
  return markup`<li data-key="${name}" class="card ${kind}"><p class="days ${isLate && 'late'}">${days}</p><p class="name">${name}</p><p class="fact">${what}${kioskId !== null && markup` at <b>${kioskId}</b>`}</p></li>`;
}

/** Renders the end of the list of cards. */
export function cardsLeft({ cards, needy }: BoardState, environment: string): Markup {
  if (needy === 0) return markup`<li class="none" data-key="none">No card needs attention.</li>`;
  const left = needy - cards.length;
  const command = commandLine(['status', '--failed'], { flags: ['--environment', environment] });
  if (left === 0) return markup`<li class="none" data-key="none" hidden></li>`;
  return markup`<li class="none" data-key="none">and ${counted(left, 'more card')}: ${commandText(command)}</li>`;
}

/** Renders a command. Its lines break between words only, also at hyphens. */
export function commandText(command: string): Markup {
  const words = command.split(' ').map((word) => markup`<span class="word">${word}</span> `);
  return markup`<code>${words}</code>`;
}

const TONES: Readonly<Record<string, string>> = {
  PRODUCED: 'good',
  IN_PROGRESS: 'busy',
  PRODUCTION_ERROR: 'bad',
  REQUEST_ERROR: 'bad',
};

/** Renders an event. */
export function eventItem(event: BoardEvent): Markup {
  const { id, at, name, kioskId, eventType, status, errorCode } = event;
  const tone = TONES[status ?? ''] ?? 'plain';
  const text = (errorCode ?? status ?? 'unknown').slice(0, 60);
  const word = eventType === ORDER_EVENT ? `order ${text}` : text;
  return markup`<li data-key="${id}" class="event ${tone}"><p class="what">${word}</p><p class="when">${since(at)} ago</p><p class="fact">${name}${kioskId !== null && markup` at <b>${kioskId}</b>`}</p></li>`;
}

/** Renders if webhooks arrive, and since when. */
export function webhookItems(
  { webhooks: { isListenedTo, since: start, lastEventAt } }: BoardState,
  { isReady, credentials }: { isReady: boolean; credentials: boolean | null },
): Record<string, Markup> {
  const isGood = isReady && isListenedTo;
  const state = isGood
    ? 'Webhooks are received'
    : isListenedTo
      ? 'Events cannot be stored'
      : 'No webhook listener is running';
  const from = start !== null && markup` since <b>${timeAt(start)}</b>`;
  return {
    state: markup`<li class="${isGood ? 'good' : 'bad'}" data-key="state"><p><b>${state}</b>${from}</p></li>`,
    last: markup`<li data-key="last"><p>${lastEventAt === null ? 'No event yet' : markup`Last event <b>${since(lastEventAt)}</b> ago`}</p></li>`,
    ...(credentials === false && {
      credentials: markup`<li class="bad" data-key="credentials"><p><b>No credentials</b>: nothing is read from the API</p></li>`,
    }),
  };
}

/** Renders a plan: its state, its progress, its approver and the command to run. */
export function planItem(plan: BoardPlan): Markup {
  const { id, state, cards, counts, exitCode, kiosks, approver, reason, at, command } = plan;
  const isGood = state === 'done' && exitCode === 0;
  const tone = isGood ? 'good' : state === 'approved' || state === 'running' ? 'busy' : 'bad';
  const end = state === 'done' && !isGood ? `ended with ${exitCode}` : state;
  const failed = counts.failed > 0 && markup`, ${counts.failed} failed`;
  const why = reason !== null && markup`: ${reason.slice(0, 80)}`;
  return markup`<li data-key="${id}" class="event ${tone}"><p class="what">${kiosks} ${end}</p><p class="when">${since(at)} ago</p><p class="fact"><b>${counts.done} of ${cards}</b> done${failed}. Approved by ${approver}${why}</p><p class="fact">${commandText(command)}</p></li>`;
}
