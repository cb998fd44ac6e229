import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { replayEvents } from '../../src/events/replay-events.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { importLines, keep, loggedLine } from '../harness/cards.ts';
import { orderBody, productionBody } from '../harness/events.ts';
import { SIGNER, World } from '../harness/world.ts';
import { openReceiver } from '../webhooks/receiver-stand.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(async () => world.close());

async function withReceiver(
  answer: Parameters<typeof openReceiver>[0],
  work: (receiver: Awaited<ReturnType<typeof openReceiver>>) => Promise<void>,
): Promise<void> {
  const receiver = await openReceiver(answer);
  try {
    await work(receiver);
  } finally {
    receiver.close();
  }
}

describe('a replayed event', () => {
  test('a replayed event has its original bytes, signature, delivery id and test mark', async () => {
    const body = `${productionBody('PRODUCED', { description: 'ünïcode' })}\n`;
    await importLines(world, [loggedLine(body, { deliveryId: 'd-1', test: true })]);
    await withReceiver(undefined, async ({ got, url }) => {
      const result = await replayEvents(world.context(), { ids: [1], to: url });
      expect(result).toEqual({
        exitCode: 0,
        replayed: [{ id: 1, outcome: 'done', httpStatus: 200, exitCode: 0 }],
      });
      const [{ headers, body: bytes, path } = { headers: {}, body: Buffer.of(), path: '' }] = got;
      expect(path).toBe('/hooks?x=1');
      expect(bytes.toString()).toBe(body);
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-delivery-id': 'd-1',
        'x-test-notification': 'true',
      });
      const verifier = new SignatureVerifier({ pem: SIGNER.publicKey, source: 'test' });
      expect(verifier.isValid(bytes, String(headers['x-signature-sha256']))).toBe(true);
    });
  });

  test('a replayed hint has no signature, and a warning says so', async () => {
    await importLines(world, [productionBody('PRODUCED')], { unverified: true });
    await withReceiver(undefined, async ({ got, url }) => {
      await replayEvents(world.context(), { ids: [1], to: url });
      expect(got[0]?.headers).not.toHaveProperty('x-signature-sha256');
      expect(world.said).toEqual([expect.stringMatching(/without a signature.*event 1/)]);
    });
  });
});

describe('several', () => {
  beforeEach(async () => {
    await keep(world, productionBody('IN_PROGRESS'), productionBody('PRODUCED'), orderBody('PRODUCED'));
  });

  test('several events are replayed in the given order, one after the other', async () => {
    await withReceiver(undefined, async ({ got, url }) => {
      await replayEvents(world.context(), { ids: [3, 1, 3], to: url });
      expect(got.map(({ body }) => body.toString())).toEqual([
        orderBody('PRODUCED'),
        productionBody('IN_PROGRESS'),
        orderBody('PRODUCED'),
      ]);
    });
  });

  test('no event is replayed if one of them does not exist', async () => {
    await withReceiver(undefined, async ({ got, url }) => {
      await expect(replayEvents(world.context(), { ids: [1, 9], to: url })).rejects.toMatchObject({
        code: 'not-found',
      });
      expect(got).toEqual([]);
    });
  });

  test.each([401, 500, 302])('an answer of %i does not stop the replay', async (status) => {
    await withReceiver(
      (turn) => (turn === 0 ? status : 204),
      async ({ got, url }) => {
        const { replayed, exitCode } = await replayEvents(world.context(), { ids: [1, 2], to: url });
        expect(exitCode).toBe(10);
        expect(replayed).toMatchObject([
          {
            outcome: 'refused',
            httpStatus: status,
            exitCode: 10,
            error: { code: 'rejected', details: { httpStatus: status } },
          },
          { outcome: 'done', httpStatus: 204 },
        ]);
        expect(got).toHaveLength(2);
      },
    );
  });

  test('an unreachable receiver stops the replay', async () => {
    await withReceiver(
      (turn) => (turn === 1 ? null : 200),
      async ({ got, url }) => {
        const { replayed, exitCode } = await replayEvents(world.context(), { ids: [1, 2, 3], to: url });
        expect(exitCode).toBe(7);
        expect(replayed).toMatchObject([
          { outcome: 'done' },
          { outcome: 'failed', httpStatus: null, exitCode: 7, error: { code: 'unreachable' } },
          { outcome: 'not-started', exitCode: null },
        ]);
        expect(got).toHaveLength(2);
      },
    );
  });

  test('an interruption stops the replay after the answer to the current event', async () => {
    const stop = new Failure('interrupted', 'Interrupted.', { hint: '…' });
    const interrupt = () => {
      world.abort.abort(stop);
      return 200;
    };
    await withReceiver(interrupt, async ({ got, url }) => {
      const { replayed, exitCode } = await replayEvents(world.context(), { ids: [1, 2], to: url });
      expect(exitCode).toBe(130);
      expect(replayed.map(({ outcome }) => outcome)).toEqual(['done', 'not-started']);
      expect(got).toHaveLength(1);
    });
  });
});
