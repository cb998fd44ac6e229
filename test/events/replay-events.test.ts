import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import { replayEvents } from '../../src/events/replay-events.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { importLines, keep, loggedLine } from '../harness/cards.ts';
import { orderBody, productionBody } from '../harness/events.ts';
import { Receiver } from '../harness/server.ts';
import { SIGNER, World } from '../harness/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(async () => world.close());

async function withReceiver(
  answer: Parameters<typeof Receiver.start>[0],
  work: (receiver: Receiver) => Promise<void>,
): Promise<void> {
  const receiver = await Receiver.start(answer);
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
    await withReceiver(undefined, async ({ arrived, url }) => {
      const result = await replayEvents(world.context(), { ids: [1], to: new URL('?x=1', url) });
      expect(result).toEqual({
        exitCode: 0,
        replayed: [{ id: 1, outcome: 'done', httpStatus: 200, exitCode: 0 }],
        stopped: null,
      });
      const [{ headers, bytes, path } = expect.fail()] = arrived;
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
    await withReceiver(undefined, async ({ arrived, url }) => {
      await replayEvents(world.context(), { ids: [1], to: new URL(url) });
      expect(arrived[0]?.headers).not.toHaveProperty('x-signature-sha256');
      expect(world.said).toEqual([expect.stringMatching(/without a signature.*event 1/)]);
    });
  });
});

describe('several', () => {
  beforeEach(async () => {
    await keep(world, productionBody('IN_PROGRESS'), productionBody('PRODUCED'), orderBody('PRODUCED'));
  });

  test('several events are replayed in the given order, one after the other', async () => {
    await withReceiver(undefined, async ({ arrived, url }) => {
      await replayEvents(world.context(), { ids: [3, 1, 3], to: new URL(url) });
      expect(arrived.map(({ bytes }) => bytes.toString())).toEqual([
        orderBody('PRODUCED'),
        productionBody('IN_PROGRESS'),
        orderBody('PRODUCED'),
      ]);
    });
  });

  test('no event is replayed if one of them does not exist', async () => {
    await withReceiver(undefined, async ({ arrived, url }) => {
      await expect(replayEvents(world.context(), { ids: [1, 9], to: new URL(url) })).rejects.toMatchObject({
        code: 'not-found',
      });
      expect(arrived).toEqual([]);
    });
  });

  test.each([401, 500, 302])('an answer of %i does not stop the replay', async (status) => {
    await withReceiver(
      (_, turn) => (turn === 0 ? status : 204),
      async ({ arrived, url }) => {
        const { replayed, exitCode } = await replayEvents(world.context(), { ids: [1, 2], to: new URL(url) });
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
        expect(arrived).toHaveLength(2);
      },
    );
  });

  test('an unreachable receiver stops the replay', async () => {
    await withReceiver(
      (_, turn) => (turn === 1 ? 'reset' : 200),
      async ({ arrived, url }) => {
        const { replayed, ...end } = await replayEvents(world.context(), {
          ids: [1, 2, 3],
          to: new URL(url),
        });
        expect(end).toMatchObject({ exitCode: 7, stopped: { code: 'unreachable' } });
        expect(replayed).toMatchObject([
          { outcome: 'done' },
          { outcome: 'failed', httpStatus: null, exitCode: 7, error: { code: 'unreachable' } },
          { outcome: 'not-started', exitCode: null },
        ]);
        expect(arrived).toHaveLength(2);
      },
    );
  });

  test('an interruption stops the replay after the answer to the current event', async () => {
    const stop = new Failure('interrupted', 'Interrupted.', { hint: '…' });
    const interrupt = () => {
      world.abort.abort(stop);
      return 200;
    };
    await withReceiver(interrupt, async ({ arrived, url }) => {
      const { replayed, ...end } = await replayEvents(world.context(), { ids: [1, 2], to: new URL(url) });
      expect(end).toMatchObject({ exitCode: 130, stopped: { code: 'interrupted' } });
      expect(replayed.map(({ outcome }) => outcome)).toEqual(['done', 'not-started']);
      expect(arrived).toHaveLength(1);
    });
  });
});
