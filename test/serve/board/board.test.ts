// The streams of boards, without a browser.
import http from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { parseKioskId } from '../../../src/domain/ids.ts';
import { overview } from '../../../src/kiosks/overview.ts';
import { describeBoard } from '../../../src/serve/board/board-state.ts';
import { BoardScene, kioskId } from '../../harness/board.ts';
import { JOURNALS } from '../../harness/journals.ts';

interface Stream {
  status: number;
  /** Returns all text that has arrived. */
  text: () => string;
  close: () => void;
}

/** Opens the stream of a board, as the script of the page does. */
async function openStream(url: string): Promise<Stream> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(`${url}/events`, { agent: false }, resolve).on('error', reject);
  });
  const close = () => void response.destroy();
  onTestFinished(close);
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  response.on('error', () => undefined);
  return { status: response.statusCode ?? 0, text: () => text, close };
}

async function openScene(...options: Parameters<typeof BoardScene.open>): Promise<BoardScene> {
  const scene = await BoardScene.open(...options);
  onTestFinished(() => scene.close());
  return scene;
}

test('64 boards can be open, one more is refused until one of them is closed', async () => {
  const scene = await openScene();
  const streams = await Promise.all(Array.from({ length: 64 }, async () => openStream(scene.url)));
  expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
  const refused = await fetch(`${scene.url}/events`);
  expect([refused.status, refused.headers.get('retry-after'), await refused.text()]).toEqual([
    503,
    '30',
    'too many boards are open\n',
  ]);
  expect((await fetch(scene.url)).status).toBe(200);
  streams[0]?.close();
  const statusOfOneMore = async () => {
    const { status, close } = await openStream(scene.url);
    close();
    return status;
  };
  await expect.poll(statusOfOneMore).toBe(200);
});

test('one read of the journal serves all boards', async () => {
  let reads = 0;
  const { ctx } = await openScene();
  const state = await describeBoard(ctx, await overview(ctx, []));
  const read = async () => Promise.resolve({ ...state, needy: (reads += 1) });
  const scene = await openScene({ read });
  const streams = await Promise.all(Array.from({ length: 40 }, async () => openStream(scene.url)));
  await expect.poll(() => streams.every(({ text }) => text().includes('event: state'))).toBe(true);
  expect(reads).toBeLessThan(20);
});

test('a failing kiosk that is on hold is counted as both', async () => {
  const scene = await openScene();
  await scene.event('PRODUCTION_ERROR', { kiosk: 4, code: 'PRT_PAUSED' });
  await scene.ctx.journal.holdKiosk({
    kioskId: parseKioskId(kioskId(4)),
    reason: 'repair',
    context: 'bank',
    at: 0,
  });
  const figures = async () => {
    const html = await (await fetch(scene.url)).text();
    return [...html.matchAll(/<b>(\d+)<\/b><span>(failing|on hold)/g)].map(
      ([, count, word]) => `${count} ${word}`,
    );
  };
  await expect.poll(figures).toEqual(['1 failing', '1 on hold']);
});

test.each(JOURNALS)(
  'a board on $name shows a failure that another process stores',
  async ({ makeFixture }) => {
    const fixture = await makeFixture();
    const [journal, other] = [fixture.open('production'), fixture.open('production')];
    const scene = await openScene({ journal });
    const writer = await openScene({ journal: other });
    const stream = await openStream(scene.url);
    await expect.poll(stream.text).toContain(`data-key=\\"${kioskId(4)}\\"`);
    await writer.event('PRODUCTION_ERROR', { kiosk: 4, code: 'PRT_PAUSED' });
    await expect.poll(stream.text).toContain('The printer is paused.');
    const html = await (await fetch(scene.url)).text();
    expect(html).toContain('kioskctl kiosk recover WIS00004 --environment production');
  },
);
