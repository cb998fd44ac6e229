import { counted } from '../../domain/text/words.ts';
import { type Markup, markup } from '../../output/markup.ts';
import type { BoardState, Tile, TileState } from './board-state.ts';
import { cardsLeft, eventItem, needyCard, planItem, webhookItems } from './lists.ts';
import { healthyTile, shape, tile } from './tiles.ts';

/** The lists of a board. Each is an element of the page whose children have keys. */
const REGIONS = ['headline', 'figures', 'kiosks', 'plans', 'cards', 'webhooks', 'events'] as const;
export type Region = (typeof REGIONS)[number];

/** A rendered board: the keys and the HTML of all children, in their order. */
export type Screen = Readonly<Record<Region, ReadonlyMap<string, string>>>;

/** The facts of the server that a board shows beside the journal's. */
export interface ServerFacts {
  environment: string;
  /** True while events can be stored. */
  isReady: boolean;
  /** null before the first check. */
  credentials: boolean | null;
}

/** Number of kiosks above which the healthy ones are only counted. */
const MOST_TILES = 24;

/** Renders the content of a board. The same state always has the same HTML. */
export function renderScreen(state: BoardState, server: ServerFacts): Screen {
  const { tiles, cards, events } = state;
  const counted = tiles.length > MOST_TILES ? tiles.filter(isIdle) : [];
  const shown = counted.length > 0 ? tiles.filter((one) => !isIdle(one)) : tiles;
  return {
    headline: new Map([['headline', headline(tiles).text]]),
    figures: new Map(FIGURES.map(({ state: one, word }) => [one, figure(one, word, tiles).text])),
    kiosks: toMap([
      ...shown.map((one) => [one.kioskId, tile(one)] as const),
      ...(counted.length > 0 ? [['healthy', healthyTile(counted)] as const] : []),
      ...(tiles.length === 0 ? [['none', NO_KIOSKS] as const] : []),
    ]),
    plans: toMap(state.plans.map((plan) => [plan.id, planItem(plan)] as const)),
    cards: toMap([
      ...cards.map((card) => [card.name, needyCard(card)] as const),
      ['none', cardsLeft(state, server.environment)],
    ]),
    webhooks: toMap(Object.entries(webhookItems(state, server))),
    events: toMap([
      ...events.map((event) => [String(event.id), eventItem(event)] as const),
      ...(events.length === 0 ? [['none', NO_EVENTS] as const] : []),
    ]),
  };
}

function isIdle({ state }: Tile): boolean {
  return state === 'idle';
}

const NO_KIOSKS = markup`<li class="none" data-key="none">No kiosks are known yet.</li>`;
const NO_EVENTS = markup`<li class="none" data-key="none">No events yet.</li>`;

function toMap(entries: readonly (readonly [string, Markup])[]): Map<string, string> {
  return new Map(entries.map(([key, { text }]) => [key, text]));
}

const TROUBLE = new Set<TileState>(['failed', 'unknown', 'stuck']);

/** Renders the state of all kiosks in a sentence. Screen readers announce its changes. */
function headline(tiles: readonly Tile[]): Markup {
  const trouble = tiles.filter(({ state }) => TROUBLE.has(state)).map(({ kioskId }) => kioskId);
  const text =
    trouble.length === 0
      ? 'No kiosk needs attention'
      : `${counted(trouble.length, 'kiosk')} ${trouble.length === 1 ? 'needs' : 'need'} attention`;
  return markup`<span data-key="headline" class="${trouble.length === 0 ? 'good' : 'bad'}">${text}</span>`;
}

const FIGURES: readonly { state: TileState; word: string }[] = [
  { state: 'failed', word: 'failing' },
  { state: 'unknown', word: 'unknown' },
  { state: 'stuck', word: 'stuck' },
  { state: 'held', word: 'on hold' },
  { state: 'busy', word: 'in progress' },
  { state: 'idle', word: 'ready' },
];

function figure(state: TileState, word: string, tiles: readonly Tile[]): Markup {
  // A hold counts beside another state of its kiosk.
  const count = tiles.filter((one) => one.state === state || (state === 'held' && one.hold)).length;
  return markup`<li data-key="${state}" class="figure ${state} ${count === 0 && 'zero'}">${shape(state)}<b>${count}</b><span>${word}</span></li>`;
}

/** The changes of a screen: for each changed region its keys in order, with the HTML of new and changed children. */
export type Changes = Partial<Record<Region, [key: string, html: string | null][]>>;

/** Compares two screens. @param before null to return everything */
export function changesOf(before: Screen | null, after: Screen): Changes {
  const changes: Changes = {};
  for (const region of REGIONS) {
    const known = before?.[region];
    const items = [...after[region]].map(([key, html]): [string, string | null] => [
      key,
      known?.get(key) === html ? null : html,
    ]);
    const keys = [...(known?.keys() ?? [])];
    const isSame =
      keys.length === items.length &&
      items.every(([key, html], index) => html === null && key === keys[index]);
    if (!isSame) changes[region] = items;
  }
  return changes;
}
