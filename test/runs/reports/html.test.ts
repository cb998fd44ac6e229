// The HTML report as people get it: in a real browser, which says what is wrong with it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunCard, RunRecord } from '../../../src/domain/run.ts';
import { stageSpans } from '../../../src/runs/reports/run-totals.ts';
import { writeReport } from '../../../src/runs/reports/write-report.ts';
import { files, makeFolder } from '../../harness/command-line.ts';
import {
  failedCard,
  hostileCard,
  interruptedCard,
  mixedCards,
  passedCard,
  reportOf,
  STARTED_AT,
  unmetCard,
} from '../../harness/run-records.ts';
import { launchBrowser } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

/** A report in a page of its own, and what the browser had to say about it. */
async function openReport(cards: readonly RunCard[], more: Partial<RunRecord> = {}) {
  const file = join(makeFolder(), 'report.html');
  await writeReport({ format: 'html', file }, { report: await reportOf(cards, more), files });
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  const said: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('dialog', (dialog) => said.push(dialog.message()));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return {
    page,
    said,
    requests: requests.filter((url) => url !== pathToFileURL(file).href && url !== 'data:,'),
  };
}

/** What axe finds wrong in a colour scheme. */
async function violations(page: Page, scheme: 'light' | 'dark'): Promise<unknown[]> {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.evaluate(AXE);
  const found = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
  const { violations } = found as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations.map(({ id, nodes }) => ({
    id,
    nodes: nodes.map((node) => `${node.html} ${node.failureSummary}`),
  }));
}

describe('the HTML report', () => {
  test('the HTML report shows the result of the run and its problems, and is accessible in light and in dark mode', async () => {
    const { page, said, requests } = await openReport([...mixedCards(), interruptedCard(8), hostileCard(9)]);
    expect(await page.title()).toBe('hopper-door: interrupted');
    const text = await page.$eval('body', (body) => body.textContent ?? '');
    for (const told of [
      '3 of 9 cards passed: 1 not as expected, 3 failed, 1 interrupted, 1 not started.',
      'The hopper door is open.',
      'Who acts: the kiosk attendant.',
      'attempt: expected one of 1, 3, was 2',
      'trace id trace-4711',
      'Card limit of profile 1001 freed',
      'kioskctl run --resume run-7f3a --context bank',
      'nightly smoke test',
      'ada@ci-runner-1',
      '<script>alert(1)</script> ]]> &amp;',
    ])
      expect(text).toContain(told);
    const order = await page.$$eval('#cards details h3', (all) => all.map((one) => one.textContent));
    expect(order.slice(0, 5), 'those in trouble first').toEqual([
      'Card 3',
      'Card 4',
      'Card 6',
      'Card 8',
      'Card 9',
    ]);
    expect({ said, requests }).toEqual({ said: [], requests: [] });
    expect(await page.$$eval('script, link[rel=stylesheet], img, iframe', (all) => all.length)).toBe(0);

    await page.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));
    for (const [scheme, colour] of [
      ['light', 'rgb(244, 246, 249)'],
      ['dark', 'rgb(13, 17, 23)'],
    ] as const) {
      expect(await violations(page, scheme), scheme).toEqual([]);
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(colour);
    }
    await page.setViewport({ width: 400, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth'), 'on a telephone').toBe(400);
  });

  test('the bar of the outcomes distinguishes all of them, also cards that were not started', async () => {
    const { page } = await openReport([...mixedCards(), interruptedCard(8)], { cards: 10, endedAt: null });
    const fillsOf = (selector: string) =>
      page.evaluate(`[...document.querySelectorAll('${selector}')].map((one) => getComputedStyle(one).fill)`);
    const fills = await fillsOf('.share rect');
    expect(fills).toHaveLength(5);
    expect(new Set(fills as string[]).size).toBe(5);
    expect(await fillsOf('[aria-label=Outcomes] rect')).toEqual(fills);
    expect(await page.$$eval('[aria-label=Outcomes] li', (all) => all.map((one) => one.textContent))).toEqual(
      ['passed', 'not as expected', 'failed', 'interrupted', 'not started'],
    );
    const rows = await page.$$eval('#timeline tbody tr', (all) => all.map((one) => one.textContent));
    expect(rows).toHaveLength(10);
    expect(rows[9]).toMatch(/^10– not started/);
  });

  test('the timeline of the HTML report is drawn to scale', async () => {
    const cards = [passedCard(1), unmetCard(2), failedCard(3), passedCard(4, { slower: 3 })];
    const { page } = await openReport(cards, { endedAt: STARTED_AT + 14_000 });
    const bars = await page.$$eval('.chart g:not(.grid) rect', (all) =>
      all.map((one) => ({
        left: one.getBoundingClientRect().left,
        width: one.getBoundingClientRect().width,
      })),
    );
    const spans = cards.flatMap(stageSpans);
    expect(bars).toHaveLength(spans.length);
    const zero = await page.$eval('.chart .grid line', (line) => line.getBoundingClientRect().left);
    const longest = Math.max(...spans.map(({ from, until }) => until - from));
    const perMs = Math.max(...bars.map(({ width }) => width)) / longest;
    expect(perMs * longest, 'pixels').toBeGreaterThan(200);
    spans.forEach(({ from, until }, index) => {
      expect(bars[index]?.width).toBeCloseTo((until - from) * perMs, 0);
      expect((bars[index]?.left ?? 0) - zero).toBeCloseTo((from - STARTED_AT) * perMs, 0);
    });
    const ticks = await page.$$eval('.axis .bars text', (all) => all.map((one) => one.textContent));
    expect(ticks).toEqual(['0s', '5s', '10s']);
  });

  test('the HTML report is readable in print, also for a run without cards, and axe finds real faults', async () => {
    const { page, said } = await openReport([], { environment: 'local' });
    const pdf = Buffer.from(await page.pdf({ format: 'A4' })).toString('latin1');
    expect(pdf.match(/\/Type \/Page\b/g)?.length).toBeGreaterThanOrEqual(1);
    expect(said).toEqual([]);
    await page.$eval('.lead', (lead) => lead.setAttribute('style', 'color:#ddd'));
    expect(JSON.stringify(await violations(page, 'light'))).toContain('color-contrast');
  });

  test('the HTML report of 1,010 cards opens, with few of them as single elements', async () => {
    const cards = Array.from({ length: 1_010 }, (_, index) =>
      index % 100 === 7 ? failedCard(index + 1) : passedCard(index + 1),
    );
    const { page, said } = await openReport(cards);
    expect(await page.$$eval('#timeline tbody tr', (all) => all.length)).toBe(1_010);
    expect(await page.$$eval('#cards details', (all) => all.length)).toBe(100);
    const paths = await page.$$eval('.chart svg path', (all) => all.length);
    expect(paths).toBeGreaterThan(12);
    expect(paths).toBeLessThan(40);
    // Rows that are drawn together are to scale, too.
    const drawn = await page.$eval(
      '.chart svg path.c-in-progress',
      (path) => path.getBoundingClientRect().left,
    );
    const lines = await page.$$eval('.chart .grid line', (all) =>
      all.map((one) => one.getBoundingClientRect().left),
    );
    const tick = (lines[1] ?? 0) - (lines[0] ?? 0);
    expect((drawn - (lines[0] ?? 0)) / tick).toBeCloseTo((250 + 2_600) / 60_000, 2);
    expect(said).toEqual([]);
  });
});
