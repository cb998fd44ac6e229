import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exportEvents } from '../../src/events/list-events.ts';
import { EVERYTHING, importLines, loggedLine } from '../harness/cards.ts';
import { orderBody, productionBody, Signer } from '../harness/events.ts';
import { TOKEN } from '../harness/records.ts';
import { SIGNER, World } from '../harness/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(async () => world.close());

async function exported(more: Record<string, unknown> = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const event of exportEvents(world.context(), EVERYTHING))
    lines.push(JSON.stringify({ schemaVersion: 1, environment: 'local', ...event, ...more }));
  return lines;
}

describe('a body with its headers', () => {
  test('an imported body is stored with its bytes, signature and ids', async () => {
    const body = productionBody('PRODUCED');
    const result = await importLines(world, [loggedLine(body, { deliveryId: 'd-1' })]);
    expect(result).toMatchObject({ lines: 1, kept: 1, hints: 0, duplicates: 0, refused: 0, error: null });
    const delivery = await world.journal.findDelivery(1);
    expect(delivery).toMatchObject({
      deliveryId: 'd-1',
      isVerified: true,
      isTest: false,
      cardToken: TOKEN,
      status: 'PRODUCED',
      receivedAt: world.clock.time,
    });
    expect(Buffer.from(delivery?.body ?? []).toString()).toBe(body);
  });

  test.each([
    ['in any case', { 'x-signature-sha256': 'sign', 'X-DELIVERY-ID': 'd' }],
    ['as lists', { 'X-Signature-SHA256': ['sign'], 'X-Delivery-Id': ['d', 'e'] }],
  ])('takes headers %s', async (_, headers) => {
    const body = orderBody('PRODUCED');
    const signed = JSON.parse(JSON.stringify(headers).replace('"sign"', `"${SIGNER.sign(body)}"`));
    expect(await importLines(world, [JSON.stringify({ headers: signed, body })])).toMatchObject({ kept: 1 });
    expect(await world.journal.findDelivery(1)).toMatchObject({ deliveryId: 'd', orderId: 501 });
  });

  test('an imported body in Base64 verifies even if it is not text', async () => {
    const bytes = Buffer.concat([Buffer.from(productionBody('PRODUCED')), Buffer.from([0xff, 0x00])]);
    const headers = { 'X-Signature-SHA256': SIGNER.sign(bytes) };
    const line = JSON.stringify({ headers, bodyBase64: bytes.toString('base64') });
    expect(await importLines(world, [line])).toMatchObject({ kept: 1 });
    expect(await world.journal.findDelivery(1)).toMatchObject({ eventType: 'unknown', isVerified: true });
  });

  test('an imported test notification is marked as one', async () => {
    await importLines(world, [loggedLine(productionBody('PRODUCED'), { test: true })]);
    expect(await world.journal.findDelivery(1)).toMatchObject({ isTest: true });
  });

  test('doubled headers of an import mean the same as those of a live webhook', async () => {
    const body = productionBody('PRODUCED');
    const headers = {
      'X-Signature-SHA256': [SIGNER.sign(body), SIGNER.sign(body)],
      'X-Test-Notification': ['true', 'true'],
    };
    expect(await importLines(world, [JSON.stringify({ headers, body })])).toMatchObject({ kept: 1 });
    expect(await world.journal.findDelivery(1)).toMatchObject({ isTest: true, signature: SIGNER.sign(body) });
  });

  test('a byte order mark in a signed body counts for its signature, and not for its content', async () => {
    const body = `\uFEFF${productionBody('PRODUCED')}`;
    const signed = { headers: { 'X-Signature-SHA256': SIGNER.sign(body) }, body };
    expect(await importLines(world, [JSON.stringify(signed)])).toMatchObject({ kept: 1 });
    expect(await world.journal.findDelivery(1)).toMatchObject({ isVerified: true, status: 'PRODUCED' });
    const hint = { headers: {}, body: `\uFEFF${productionBody('READY')}` };
    const imported = await importLines(world, [JSON.stringify(hint)], { unverified: true });
    expect(imported).toMatchObject({ hints: 1, refused: 0 });
  });

  test('an imported event has its own time of arrival, but never one in the future', async () => {
    await importLines(world, [
      loggedLine(productionBody('IN_PROGRESS'), { receivedAt: '2026-02-01T00:00:00Z' }),
      loggedLine(productionBody('PRODUCED'), { receivedAt: '2099-01-01T00:00:00Z' }),
    ]);
    const [first, second] = await world.journal.listEvents({});
    expect(first?.receivedAt).toBe(Date.parse('2026-02-01T00:00:00Z'));
    expect(second?.receivedAt).toBe(world.clock.time);
  });
});

describe('what is there already', () => {
  test('importing the same lines again, or the same content under another id, changes nothing', async () => {
    const lines = [
      loggedLine(productionBody('PRODUCED'), { deliveryId: 'a' }),
      loggedLine(orderBody('PRODUCED'), { deliveryId: 'b' }),
    ];
    await importLines(world, lines);
    expect(await importLines(world, lines)).toMatchObject({ kept: 0, duplicates: 2, error: null });
    const again = loggedLine(productionBody('PRODUCED'), { deliveryId: 'c' });
    expect(await importLines(world, [again, again])).toMatchObject({ kept: 0, duplicates: 2 });
    expect(await world.journal.listEvents({})).toHaveLength(2);
  });

  test('many imported lines are stored in order', async () => {
    const lines = Array.from({ length: 450 }, (_, order) => loggedLine(orderBody('PRODUCED', order + 1)));
    expect(await importLines(world, lines)).toMatchObject({ kept: 450 });
    const events = await world.journal.listEvents({});
    expect(events.map(({ orderId }) => orderId)).toEqual(lines.map((_, order) => order + 1));
  });
});

describe('what events export writes', () => {
  test('exported events can be imported unchanged into another journal', async () => {
    await importLines(
      world,
      [loggedLine(productionBody('PRODUCED'), { deliveryId: 'd-1', test: true }), orderBody('PLACED')],
      { unverified: true },
    );
    const lines = await exported();
    const other = new World();
    try {
      other.clock.time += 3_600_000;
      expect(await importLines(other, lines, { unverified: true })).toMatchObject({
        kept: 1,
        hints: 1,
      });
      for (const id of [1, 2])
        expect(await other.journal.findDelivery(id)).toEqual(await world.journal.findDelivery(id));
    } finally {
      await other.close();
    }
  });

  test('an exported event of another environment is refused', async () => {
    await importLines(world, [loggedLine(productionBody('PRODUCED'))]);
    const [line = ''] = await exported({ environment: 'production' });
    await expect(importLines(world, [line])).rejects.toMatchObject({
      code: 'environment-mismatch',
      message: expect.stringContaining('production'),
    });
  });

  test('an exported event with a changed byte does not verify', async () => {
    await importLines(world, [loggedLine(productionBody('PRODUCED'))]);
    const bodyBase64 = Buffer.from(productionBody('PRODUCTION_ERROR')).toString('base64');
    expect(await importLines(world, await exported({ bodyBase64 }))).toMatchObject({
      refused: 1,
      error: { exitCode: 10, document: { code: 'signature-invalid' } },
    });
  });
});

describe('hints', () => {
  const bare = productionBody('PRODUCED');

  test('hints are imported with --unverified only', async () => {
    expect(await importLines(world, [bare])).toMatchObject({
      kept: 0,
      refusals: [{ line: 1, reason: expect.stringContaining('signature') }],
      error: { exitCode: 10, document: { code: 'signature-invalid' } },
    });
    expect(await importLines(world, [bare], { unverified: true })).toMatchObject({ kept: 0, hints: 1 });
    expect(await world.journal.findDelivery(1)).toMatchObject({ isVerified: false, signature: null });
  });

  test('a hint with the delivery id of an event does not block that event', async () => {
    const forged = JSON.stringify({ headers: { 'X-Delivery-Id': 'd-1' }, body: bare });
    expect(await importLines(world, [forged], { unverified: true })).toMatchObject({ hints: 1 });
    const real = loggedLine(bare, { deliveryId: 'd-1' });
    expect(await importLines(world, [real])).toMatchObject({ kept: 1, duplicates: 0 });
  });

  test('a body with a wrong signature is not imported as a hint', async () => {
    const line = JSON.stringify({
      headers: { 'X-Signature-SHA256': new Signer().sign(bare) },
      body: bare,
    });
    expect(await importLines(world, [line], { unverified: true })).toMatchObject({ refused: 1, hints: 0 });
    expect(await world.journal.listEvents({})).toEqual([]);
  });

  test('a hint must be an event', async () => {
    const lines = ['{"hello": 1}', JSON.stringify({ headers: {}, body: '{"hello": 1}' })];
    expect(await importLines(world, lines, { unverified: true })).toMatchObject({
      refused: 2,
      error: { exitCode: 2, document: { code: 'invalid-input' } },
    });
  });
});

describe('a line that cannot be used is refused, and the others are kept', () => {
  test.each([
    ['no JSON', 'nonsense', /not a JSON object/],
    ['cut', '{"headers":', /not a JSON object/],
    ['a list', '[]', /not a JSON object/],
    ['something else', '{"a":1}', /neither/],
    ['without a body', '{"headers":{}}', /no body/],
    ['with a parsed body', '{"headers":{},"body":{}}', /not text/],
    ['with headers of numbers', '{"headers":{"a":1},"body":""}', /not text/],
    ['without a signature', '{"headers":{},"body":"x"}', /no signature/],
    ['with an empty signature', '{"headers":{"X-Signature-SHA256":" "},"body":"x"}', /no signature/],
    ['with a malformed signature', '{"headers":{"X-Signature-SHA256":"%%%"},"body":"xyz"}', /3 bytes/],
    ['too long', `{"a":"${'x'.repeat(600_000)}"}`, /longer/],
  ])('an import refuses an unusable line and stores the others: %s', async (_, line, reason) => {
    const good = loggedLine(productionBody('PRODUCED'));
    const result = await importLines(world, ['', line, good]);
    expect(result).toMatchObject({ kept: 1, refused: 1 });
    expect(result.refusals).toEqual([{ line: 2, reason: expect.stringMatching(reason) }]);
  });

  test('an import lists only the first refused lines', async () => {
    const result = await importLines(
      world,
      Array.from({ length: 50 }, () => 'nonsense'),
    );
    expect(result).toMatchObject({ refused: 50, error: { exitCode: 2 } });
    expect(result.refusals).toHaveLength(20);
  });

  test('an import ignores a byte order mark, carriage returns and empty lines', async () => {
    const lines = [`\uFEFF${loggedLine(productionBody('PRODUCED'))}\r`, '', '  \r'];
    expect(await importLines(world, lines)).toMatchObject({ kept: 1, refused: 0 });
  });

  test('an import of an empty file is a mistake', async () => {
    await expect(importLines(world, ['', ' '])).rejects.toMatchObject({ code: 'invalid-input' });
  });

  test('an interruption stops an import', async () => {
    world.abort.abort(new Error('stop'));
    await expect(importLines(world, [productionBody('PRODUCED')])).rejects.toThrow('stop');
  });
});

test('imported events are projected onto the cards immediately', async () => {
  await importLines(world, [loggedLine(productionBody('PRODUCED'))]);
  expect(await world.journal.findCard({ cardToken: TOKEN, orderId: null })).toMatchObject({
    profileId: 1001,
  });
});
