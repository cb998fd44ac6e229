import { createHash } from 'node:crypto';
import { Markup, markup } from '../../output/markup.ts';
import STYLE from './board.css?raw';
import SCRIPT from './board-client.js?raw';
import type { Region, Screen } from './screen.ts';

/** The moment of a message, for the ages that the browser shows. Times are milliseconds since the epoch. */
export interface Moment {
  now: number;
  /** Time of the last successful read of the journal; null before the first one. */
  readAt: number | null;
  /** Minutes by which the time zone of the server is ahead of UTC. */
  offset: number;
}

interface PageFacts {
  environment: string;
  context: string;
  timeZone: string;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1459b3"/><path d="M7 9h18v14H7zM7 13h18" fill="none" stroke="#fff" stroke-width="3"/></svg>`;

/** The files of the page. Their addresses are relative, so that a proxy can serve the board under another path. */
export const ASSETS = {
  'board.css': { type: 'text/css; charset=utf-8', body: STYLE },
  'board.js': { type: 'text/javascript; charset=utf-8', body: SCRIPT },
  'icon.svg': { type: 'image/svg+xml', body: ICON },
} as const;

/** Hash of the style and the script. A page that an older version sent reloads when it reads another hash. */
export const BUILD = createHash('sha256').update(STYLE).update(SCRIPT).digest('hex').slice(0, 12);

export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Renders the page of a board. Without its script, it shows the time of its state and is marked as not current. */
export function renderPage(
  screen: Screen,
  { environment, context, timeZone }: PageFacts,
  moment: Moment,
): string {
  const list = (region: Region) => new Markup([...screen[region].values()].join('\n'));
  const section = (region: Region, title: string) =>
    markup`<section aria-labelledby="${region}-title"><h2 id="${region}-title">${title}</h2><ul id="${region}" data-region="${region}">${list(region)}</ul></section>\n`;
  const at = moment.readAt === null ? '' : new Date(moment.readAt + moment.offset * 60_000).toISOString();
  return markup`<!DOCTYPE html>
<html lang="en" class="stale env-${environment}" data-now="${moment.now}" data-read-at="${moment.readAt}" data-offset="${moment.offset}" data-build="${BUILD}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>kioskctl board, ${environment}</title>
<link rel="icon" href="board/icon.svg?${BUILD}">
<link rel="stylesheet" href="board/board.css?${BUILD}">
<script type="module" src="board/board.js?${BUILD}"></script>
</head>
<body>
<a class="skip" href="#kiosks">Skip to the kiosks</a>
<header class="top">
<p class="env"><strong>${environment}</strong> <span>context ${context}</span></p>
<h1 id="headline" data-region="headline" aria-live="polite">${list('headline')}</h1>
<p class="live" id="live"><span id="age">As of ${at.slice(11, 19)}, not updated</span></p>
<p class="clock"><b id="clock">${at.slice(11, 19)}</b> <span>${timeZone}</span></p>
</header>
<p class="alarm" id="alarm" role="status">This page is not current. It needs JavaScript to follow the kiosks.</p>
<section class="summary" aria-label="Kiosks by state"><ul class="figures" id="figures" data-region="figures">${list('figures')}</ul></section>
<main>
${section('kiosks', 'Kiosks')}</main>
<aside aria-label="Plans, cards, webhooks and events">
${section('plans', 'Detached plans')}${section('cards', 'Cards that need attention')}${section('webhooks', 'Webhooks')}${section('events', 'Last events')}</aside>
<p class="hidden" id="told" role="status"></p>
</body>
</html>
`.text;
}
