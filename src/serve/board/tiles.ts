import { printable } from '../../domain/text/terminal-text.ts';
import { counted } from '../../domain/text/words.ts';
import { escapeMarkup, Markup, markup } from '../../output/markup.ts';
import type { Tile, TileFailure, TileState } from './board-state.ts';
import { commandText, since, timeAt } from './lists.ts';

/** Maximum number of error codes of a kiosk that are shown with their meaning. */
const CODES = 2;

/** Shapes of the states, in a square of 24 pixels, so that no state is known by its colour alone. */
const SHAPES: Readonly<Record<TileState, string>> = {
  failed: 'M12 1 23 12 12 23 1 12zM8 8l8 8M16 8l-8 8',
  unknown: 'M12 1a11 11 0 1 0 .01 0zM9 9a3 3 0 1 1 4 3l-1 1v1.5M12 17v.5',
  stuck: 'M12 1a11 11 0 1 0 .01 0zM12 6v6l4 4',
  held: 'M3 3h18v18H3zM9 8v8M15 8v8',
  busy: 'M5 3l15 9-15 9z',
  idle: 'M3 13l6 6L21 6',
};

/** Renders the shape of a state. */
export function shape(state: TileState): Markup {
  return markup`<svg class="shape" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${SHAPES[state]}"/></svg>`;
}

/** Renders a kiosk as a list item. */
export function tile(one: Tile): Markup {
  const { kioskId, state } = one;
  const body = markup`${failures(one)}${otherFacts(one)}${hold(one)}`;
  return markup`<li class="tile ${state}" data-key="${kioskId}"><div class="head"><h3>${kioskId}</h3>${shape(state)}<p class="state">${headline(one)}</p></div>${body}${footer(one)}</li>`;
}

/** Describes the state of a kiosk in a few words. */
function headline(one: Tile): string {
  const { failed, unknown, stuck, inProgress } = one;
  switch (one.state) {
    case 'failed':
      return `${failed} failed`;
    case 'unknown':
      return `${unknown} unknown`;
    case 'stuck':
      return `${stuck} stuck`;
    case 'held':
      return 'On hold';
    case 'busy':
      return `${inProgress} in progress`;
    case 'idle':
      return 'Ready';
  }
}

function failures({ failures: all, failedSince }: Tile): Markup {
  const shown = all.slice(0, CODES).map((one, index) => failure(one, index));
  const left = all.slice(CODES).reduce((sum, { count }) => sum + count, 0);
  const more = left > 0 && markup`<p class="fact">and ${left} with other codes</p>`;
  const oldest =
    failedSince !== null && markup`<p class="fact">Oldest failure <b>${since(failedSince)}</b> ago</p>`;
  return markup`${shown}${more}${oldest}`;
}

function failure(
  { code, count, meaning, nextStep, actor, link, contact }: TileFailure,
  index: number,
): Markup {
  const url = link === null ? null : webAddress(link);
  const page =
    url !== null &&
    markup` <a href="${url}" target="_blank" rel="noopener noreferrer" data-focus="link${index}">Runbook<span class="hidden"> for ${code}</span></a>`;
  const call = contact !== null && markup`<p class="contact">${withCalls(contact, index)}</p>`;
  return markup`<div class="failure"><p class="code"><code>${code}</code><b>${count}</b></p><p class="meaning">${meaning}</p><p class="next">${nextStep}</p><p class="who"><span class="label">Acts:</span> <b>${actor}</b>${page}</p>${call}</div>`;
}

/** Renders what is true of a kiosk besides its state. */
function otherFacts({
  state,
  unknown,
  stuck,
  inProgress,
  runningSince,
  expiringSoon,
  expired,
  busy,
}: Tile): Markup {
  const facts = [
    unknown > 0 &&
      markup`<p class="fact strong">${state !== 'unknown' && `${counted(unknown, 'request')} with unknown outcome.`} The request may have been accepted. Check before you retry.</p>`,
    stuck > 0 && markup`<p class="fact strong">${stuck} in progress for over 30 minutes</p>`,
    inProgress > 0 &&
      runningSince !== null &&
      markup`<p class="fact">${state !== 'busy' && `${inProgress} in progress,`} ${inProgress === 1 ? 'for' : 'longest'} <b>${since(runningSince)}</b></p>`,
    expiringSoon > 0 &&
      markup`<p class="fact strong">${counted(expiringSoon, 'card')} within 7 days of expiry</p>`,
    expired > 0 && markup`<p class="fact">${counted(expired, 'card')} expired</p>`,
    busy && markup`<p class="fact">${busy.by} is working here (${busy.act})</p>`,
  ];
  return markup`${facts.filter((fact) => fact instanceof Markup)}`;
}

function hold({ hold: held, state }: Tile): Markup | null {
  if (!held) return null;
  const { by, reason, since: start, until, long } = held;
  const title = state === 'held' ? null : markup`<b>On hold</b> `;
  const end = until !== null && markup`, until <b>${timeAt(Date.parse(until))}</b>`;
  return markup`<div class="hold"><p class="reason">${title}${reason}</p><p class="fact">by <b>${by}</b>, for <b>${since(Date.parse(start))}</b>${end}${long && markup`: <strong>over 24 hours</strong>`}</p></div>`;
}

function footer({ lastProducedAt, command }: Tile): Markup {
  const produced =
    lastProducedAt === null
      ? markup`nothing produced yet`
      : markup`last produced <b>${since(lastProducedAt)}</b> ago`;
  return markup`<div class="foot"><p class="fact">${produced}</p>${copyButton(command)}</div>`;
}

/** Renders a command that a tap copies. */
function copyButton(command: string): Markup {
  return markup`<button type="button" class="copy" data-copy="${command}" data-focus="copy">${commandText(command)}<span class="verb">Copy</span></button>`;
}

/** Returns an address if a browser opens it as a web page; null for any other scheme. */
function webAddress(text: string): string | null {
  const url = URL.parse(text);
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null;
}

/** Matches a telephone number in a text: at least 7 digits, with the usual separators. */
const TELEPHONE = /(?<![\w+])\+?(?:\(?\d[\d)./ -]*){6}\d(?!\w)/g;

/** Renders a contact. Its telephone numbers become links. */
function withCalls(contact: string, index = 0): Markup {
  const parts: Markup[] = [];
  let from = 0;
  for (const match of contact.matchAll(TELEPHONE)) {
    const [number] = match;
    const digits = number.replaceAll(/[^\d+]/g, '');
    const key = `call${index}-${parts.length}`;
    parts.push(exactly(contact.slice(from, match.index)));
    parts.push(markup`<a href="tel:${digits}" data-focus="${key}">${number}</a>`);
    from = match.index + number.length;
  }
  return markup`${[...parts, exactly(contact.slice(from))]}`;
}

/** Escapes a part of a text with the spaces around it. */
function exactly(text: string): Markup {
  return new Markup(escapeMarkup(printable(text)));
}

/** Renders the one tile that stands for all healthy kiosks of many. */
export function healthyTile(kiosks: readonly Tile[]): Markup {
  const latest = Math.max(...kiosks.map(({ lastProducedAt }) => lastProducedAt ?? 0));
  const produced = latest > 0 && markup`<p class="fact">last produced <b>${since(latest)}</b> ago</p>`;
  return markup`<li class="tile idle" data-key="healthy"><div class="head"><h3>${kiosks.length} more kiosks</h3>${shape('idle')}<p class="state">Ready</p></div>${produced}</li>`;
}
