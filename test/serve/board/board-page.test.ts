// The board as people see it: one real browser, and one server in the process of the test.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { parseKioskId } from '../../../src/domain/ids.ts';
import { median } from '../../../src/domain/times/duration.ts';
import { AdminServer } from '../../../src/http/admin-server.ts';
import type { EventStream } from '../../../src/http/event-stream.ts';
import { overview } from '../../../src/kiosks/overview.ts';
import { describeBoard } from '../../../src/serve/board/board-state.ts';
import { ASSETS, BUILD, renderPage } from '../../../src/serve/board/page.ts';
import { changesOf, renderScreen } from '../../../src/serve/board/screen.ts';
import { BoardScene, kioskId } from '../../harness/board.ts';
import { launchBrowser } from '../../runs/reports/browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const IMAGES = join(import.meta.dirname, '../../../docs/images');

/** `npm run board-pictures` writes the pictures of the documentation. */
const PICTURES = process.env.BOARD_PICTURES === 'write';

let browser: Browser;
let scene: BoardScene;
/** Shared by the tests, because opening a page takes a while. The last test takes it offline. */
let page: Page;
/** Messages of the console of this page, its errors and dialogs. */
let said: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  scene = await BoardScene.open();
  await scene.fill();
  ({ page, said } = await openBoard(scene.url));
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await scene?.close();
});

async function openBoard(url: string): Promise<{ page: Page; said: string[] }> {
  const opened = await browser.newPage();
  const messages: string[] = [];
  opened.on('console', (message) => messages.push(message.text()));
  opened.on('pageerror', (error) => messages.push(String(error)));
  opened.on('dialog', (dialog) => messages.push(dialog.message()));
  await opened.setViewport({ width: 1920, height: 1080 });
  await opened.goto(url);
  await opened.waitForSelector('html:not(.stale)');
  return { page: opened, said: messages };
}

const textOf = (page: Page, selector: string) => page.$eval(selector, (one) => one.textContent ?? '');
const tileOf = (kiosk: string) => `#kiosks > [data-key="${kiosk}"]`;
const scheme = (page: Page, value: 'light' | 'dark') =>
  page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);

/** Lets an hour pass without messages. The stopwatch stands still while the machine sleeps, the calendar does not. */
async function sleep(page: Page): Promise<void> {
  const devtools = await page.createCDPSession();
  await devtools.send('Network.enable');
  const offline = { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 };
  await devtools.send('Network.emulateNetworkConditions', offline);
  await page.evaluate(
    'const real = Date.now; Date.now = () => real() + 3_600_000; document.dispatchEvent(new Event("visibilitychange"))',
  );
}

/** Returns what axe finds wrong. */
async function violations(page: Page): Promise<unknown[]> {
  await page.evaluate(AXE);
  const found = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
  const { violations } = found as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations.map(({ id, nodes }) => [id, nodes.map((node) => `${node.html} ${node.failureSummary}`)]);
}

test('the board shows failing kiosks first, with meaning, who acts, contact, runbook and command', async () => {
  expect(
    await page.$$eval('#kiosks > li', (all) =>
      all.map((one) => [one.getAttribute('data-key'), one.className]),
    ),
  ).toEqual([
    [kioskId(4), 'tile failed'],
    [kioskId(9), 'tile failed'],
    [kioskId(11), 'tile unknown'],
    [kioskId(7), 'tile held'],
    [kioskId(2), 'tile busy'],
    [kioskId(6), 'tile busy'],
    ...[1, 3, 5, 8, 10, 12].map((number) => [kioskId(number), 'tile idle']),
  ]);
  const failed = await textOf(page, tileOf(kioskId(4)));
  for (const part of [
    '11 failed',
    'PRD_HOPPER_DOOR',
    'The hopper door is open.',
    'Ask the branch to close the door',
    'Acts: Branch staff',
  ])
    expect(failed).toContain(part);
  expect(await page.$$eval(`${tileOf(kioskId(4))} a`, (all) => all.map((one) => one.href))).toEqual([
    'https://wiki.bank.example/kiosks/door',
    'tel:+442079460000',
  ]);
  expect(await page.$eval(`${tileOf(kioskId(4))} .copy`, (one) => one.getAttribute('data-copy'))).toBe(
    'kioskctl kiosk recover WIS00004 --environment production',
  );
  expect(await textOf(page, tileOf(kioskId(7)))).toMatch(
    /The door is being repaired, ticket FAC-2231.*ada@ops-laptop, for 3h 1\dm/,
  );
  expect(await textOf(page, tileOf(kioskId(2)))).toMatch(/2 in progress.*longest \dm \d+s/);
  expect(await textOf(page, '#headline')).toBe('3 kiosks need attention');
  expect(await textOf(page, '#figures')).toMatch(
    /2failing\s1unknown\s0stuck\s1on hold\s2in progress\s6ready/,
  );
  expect(await page.title()).toBe('3 kiosks need attention · kioskctl');
  expect(await textOf(page, '.env')).toBe('production context bank');
  expect(await textOf(page, '#webhooks')).toMatch(
    /Webhooks are received since \d+ \w+, \d\d:\d\d\s+Last event .* ago/,
  );
});

test('the board lists cards by urgency and days left, by their short names only', async () => {
  const cards = await page.$$eval('#cards > .card', (all) => all.map((one) => one.textContent));
  expect(cards.slice(0, 2)).toEqual([
    '57 days left1001/612Outcome unknown at WIS00011',
    '6 days left1001/588PRD_HOPPER_DOOR at WIS00004',
  ]);
  expect(cards[2]).toMatch(/^–days left unknown1001\/[\da-f]{8}PRD_HOPPER_DOOR at WIS00004$/);
  expect(await textOf(page, '#cards > .none')).toContain('and 8 more cards: kioskctl status --failed');
  expect(await page.content()).not.toMatch(/[\da-f]{8}-[\da-f]{4}-/);
});

test('the page has a strict policy, relative addresses, and nothing inline', async () => {
  const response = await fetch(scene.url);
  expect(response.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'self'; script-src 'self';/,
  );
  expect(response.headers.get('cache-control')).toBe('no-store');
  const html = await response.text();
  expect(html).not.toMatch(/ (style|on\w+)=|<style|<script>|javascript:|https?:\/\/(?!wiki\.bank\.example)/);
  expect(html.match(/(?:src|href)="(?!#|tel:|https:)([^"?]*)/g)).toEqual([
    'href="board/icon.svg',
    'href="board/board.css',
    'src="board/board.js',
  ]);
});

test.each([
  ['phone', 390, 844, 'light', 1],
  ['laptop', 1280, 720, 'light', 0.75],
  ['wall', 1920, 1080, 'dark', 0.5],
] as const)(
  'twelve kiosks on a %s of %i × %i fit without scrolling sideways',
  async (name, width, height, theme, scale) => {
    await page.setViewport({ width, height, deviceScaleFactor: PICTURES ? scale : 1 });
    await scheme(page, theme);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.$$eval('#kiosks > .tile', (all) => all.length)).toBe(12);
    if (name === 'wall') expect(await page.evaluate('document.documentElement.scrollHeight')).toBe(height);
    await takePicture(page, name);
  },
);

/** Writes a picture of the documentation with `npm run board-pictures`; otherwise checks that there is one. */
async function takePicture(page: Page, name: string): Promise<void> {
  const path = join(IMAGES, `board-${name}.png`);
  if (PICTURES) await page.screenshot({ path });
  expect(existsSync(path), 'npm run board-pictures').toBe(true);
}

test('an open plan is shown with its progress, its approver, its reason and the command to run', async () => {
  const own = await BoardScene.open();
  onTestFinished(() => own.close());
  await own.fill();
  const id = await own.detachedPlan({ kiosk: 4, cards: 11, produced: 5 });
  const { page } = await openBoard(own.url);
  await page.setViewport({ width: 1280, height: 720, deviceScaleFactor: PICTURES ? 0.75 : 1 });
  await scheme(page, 'dark');
  const plan = await textOf(page, '#plans');
  expect(plan).toMatch(/WIS00004 running.*5 of 11 done\. Approved by ada@ops-laptop: door closed/);
  expect(plan).toContain(`kioskctl runs show ${id} --environment production`);
  await takePicture(page, 'plan');
});

test('a failure is shown within a second of its event', async () => {
  const times: number[] = [];
  for (const kiosk of ['WIS00042', 'WIS00043', 'WIS00044']) {
    const begun = performance.now();
    await scene.event('PRODUCTION_ERROR', { kiosk, code: 'PRT_PAUSED' });
    await page.waitForFunction(
      `document.querySelector('${tileOf(kiosk)}')?.textContent.includes('The printer is paused.')`,
      { polling: 'mutation' },
    );
    times.push(performance.now() - begun);
  }
  // The machine may be busy with other tests for a moment.
  expect(median(times)).toBeLessThan(1_000);
});

test('of a hundred kiosks, the healthy ones are a count', async () => {
  const kiosks = Array.from({ length: 100 }, (_, index) => parseKioskId(kioskId(index + 1)));
  const own = await BoardScene.open({ kiosks });
  onTestFinished(() => own.close());
  await own.fill();
  const { page } = await openBoard(own.url);
  expect(await page.$$eval('#kiosks > li', (all) => all.length)).toBe(7);
  expect(await textOf(page, tileOf('healthy'))).toMatch(/^94 more kiosksReady/);
  await own.event('IN_PROGRESS', { kiosk: 77 });
  await page.waitForSelector(tileOf(kioskId(77)));
  expect(await textOf(page, tileOf('healthy'))).toMatch(/^93 more kiosks/);
});

test('hostile text of events, reasons and runbooks stays text', async () => {
  const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>&amp;'\u202e`;
  const kiosk = parseKioskId(`<b>&"'WIS`);
  const own = await BoardScene.open({
    kiosks: [kiosk],
    runbook: async () => ({
      pages: [
        {
          kind: 'production',
          code: 'EVIL',
          owner: evil,
          steps: [evil],
          link: 'javascript:alert(3)',
          contact: `${evil} 020 7946 0000`,
          retry: null,
        },
        {
          kind: 'production',
          code: 'WORSE',
          owner: null,
          steps: [],
          link: `https://x.example/"onclick="alert(4)`,
          contact: null,
          retry: null,
        },
      ],
    }),
  });
  onTestFinished(() => own.close());
  await own.event('PRODUCTION_ERROR', { kiosk, code: 'EVIL' });
  await own.event('PRODUCTION_ERROR', { kiosk, code: 'WORSE' });
  await own.event('PRODUCTION_ERROR', { kiosk, code: evil });
  const card = await own.event(evil, { kiosk });
  await own.journal.holdKiosk({
    kioskId: kiosk,
    reason: `${evil} see ${card}`,
    context: evil,
    at: Date.now(),
  });
  const { page, said } = await openBoard(own.url);
  const text = await textOf(page, '#kiosks');
  const shown = `"><img src=x onerror=alert(1)><script>alert(2)</script>&amp;'\\u202e`;
  expect(text).toContain(`<b>&"'WIS`);
  expect(text).toContain(`Acts: ${shown}`);
  expect(text).toContain(`${shown} see ${card.slice(0, 8)}…`);
  expect(
    await page.$$eval('#kiosks a, aside a', (all) => all.map((one) => one.getAttribute('href'))),
  ).toEqual(['tel:02079460000', 'https://x.example/%22onclick=%22alert(4)']);
  expect(await page.$$eval('img, script:not([src]), [onclick], [onerror]', (all) => all.length)).toBe(0);
  expect(said).toEqual([]);
});

test('the board is accessible in the dark and in the light theme', async () => {
  await page.setViewport({ width: 390, height: 844 });
  for (const theme of ['light', 'dark'] as const) {
    await scheme(page, theme);
    expect(await violations(page), theme).toEqual([]);
  }
});

test('at 200 % zoom nothing is cut off or scrolled sideways', async () => {
  // Zoom halves the pixels of CSS.
  await page.setViewport({ width: 960, height: 540 });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(960);
  const cut = await page.$$eval('h1, h2, h3, .state, .code, .meaning, .who, .figure', (all) =>
    all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent),
  );
  expect(cut).toEqual([]);
});

test('every link and command is reached with the keyboard, and keeps the focus when its tile changes', async () => {
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the kiosks');
  const reached = new Set<string>();
  for (let step = 0; step < 30; step += 1) {
    await page.keyboard.press('Tab');
    reached.add(
      String(
        await page.evaluate(
          'document.activeElement.closest("li")?.dataset.key + " " + document.activeElement.dataset.focus',
        ),
      ),
    );
  }
  const all = await page.$$eval('#kiosks [data-focus]', (parts) =>
    parts.map((part) => `${part.closest('li')?.getAttribute('data-key')} ${part.getAttribute('data-focus')}`),
  );
  expect(all.filter((one) => !reached.has(one))).toEqual([]);
  await page.focus(`${tileOf(kioskId(9))} .copy`);
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
  await scene.event('PRODUCTION_ERROR', { kiosk: 9, code: 'PRT_COVER_OPEN' });
  await page.waitForFunction(
    `document.querySelector('${tileOf(kioskId(9))}').textContent.includes('PRT_COVER_OPEN')`,
  );
  expect(await page.evaluate('document.activeElement.dataset.copy')).toContain(kioskId(9));
});

test('a tap copies the command, also without a secure context', async () => {
  const button = `${tileOf(kioskId(4))} .copy`;
  await page.evaluate(
    'delete Navigator.prototype.clipboard; document.addEventListener("copy", () => (window.copied = String(getSelection())))',
  );
  await page.click(button);
  await page.waitForFunction(`document.querySelector('${button} .verb').textContent === 'Copied'`);
  expect(await page.evaluate('window.copied ?? document.activeElement.value')).toBeDefined();
  expect(await textOf(page, '#told')).toBe('The command is copied.');
  expect(await page.evaluate('document.activeElement.className')).toBe('copy');
});

/** Updates before the first and the second measurement. `npm run soak` sends more. */
const UPDATES = process.env.SOAK === 'all' ? { first: 1_000, all: 10_000 } : { first: 200, all: 500 };

const moment = () => ({ now: Date.now(), readAt: Date.now(), offset: 0 });

test('thousands of updates leave nothing behind in the browser', { timeout: 900_000 }, async () => {
  const state = await describeBoard(scene.ctx, await overview(scene.ctx, []));
  const server = { environment: 'production', isReady: true, credentials: true };
  const screenOf = (update: number) =>
    renderScreen(
      {
        ...state,
        tiles: state.tiles.map((tile, index) => (index === update % 12 ? { ...tile, failed: update } : tile)),
        events: state.events.map((event) => ({ ...event, id: event.id + update })),
      },
      server,
    );
  const facts = { environment: 'production', context: 'bank', timeZone: 'UTC' };
  const opened = Promise.withResolvers<EventStream>();
  const assets = Object.entries(ASSETS).map(
    ([name, { type, body }]) =>
      [`/board/${name}`, { isOpen: true, answer: async () => ({ httpStatus: 200, type, body }) }] as const,
  );
  const admin = new AdminServer({
    address: { host: '127.0.0.1', port: 0 },
    names: [],
    password: null,
    routes: {
      ...Object.fromEntries(assets),
      '/board': {
        isOpen: true,
        answer: async () => ({
          httpStatus: 200,
          type: 'text/html',
          body: renderPage(screenOf(0), facts, moment()),
        }),
      },
      '/board/events': { isOpen: true, answer: async () => ({ open: opened.resolve }) },
    },
  });
  const url = await admin.listen();
  onTestFinished(() => admin.stop());
  const own = await browser.newPage();
  onTestFinished(() => own.close());
  await own.goto(`${url}/board`);
  const stream = await opened.promise;
  const devtools = await own.createCDPSession();
  const heapAfter = async (from: number, to: number) => {
    for (let update = from + 1; update <= to; update += 1) {
      const regions = changesOf(screenOf(update - 1), screenOf(update));
      stream.send('state', JSON.stringify({ build: BUILD, problem: null, ...moment(), regions }));
      if (update % 100 === 0)
        await own.waitForFunction(`document.documentElement.dataset.messages === '${update}'`, {
          polling: 20,
          timeout: 120_000,
        });
    }
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize;
  };
  const first = await heapAfter(0, UPDATES.first);
  const last = await heapAfter(UPDATES.first, UPDATES.all);
  expect(last / first, `${first} and ${last} bytes`).toBeLessThanOrEqual(1.1);
});

test('the browser reports no error, warning or blocked content', () => {
  expect(said).toEqual([]);
});

test('a board that gets no messages shows the age of its state, and marks it after a sleep immediately, accessibly', async () => {
  await page.setViewport({ width: 390, height: 844 });
  await sleep(page);
  expect(await page.$eval('html', (html) => html.classList.contains('stale'))).toBe(true);
  expect(await textOf(page, '#age')).toBe('Not current');
  expect(await textOf(page, '#alarm')).toMatch(/^Not current: as of 1h ago\. No connection to the server\.$/);
  expect(await violations(page)).toEqual([]);
});
