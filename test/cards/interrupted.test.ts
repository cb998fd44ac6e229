// What a signal leaves behind: what was sent, and the command that continues.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cancel } from '../../src/cards/cancel.ts';
import { order } from '../../src/cards/order.ts';
import { simulate } from '../../src/cards/simulate.ts';
import { waitProduced } from '../../src/cards/wait-produced.ts';
import { failure } from '../../src/domain/errors/failure.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { OneCard, PUT } from '../harness/cards.ts';
import type { World } from '../harness/world.ts';

let world: World;
let card: OneCard;

beforeEach(async () => {
  card = await OneCard.open();
  world = card.world;
});
afterEach(() => world.close());

function interrupt(): void {
  world.abort.abort(failure('interrupted', 'Interrupted.', 'h'));
}

/** The signal comes while the first request is out that a test lets through. */
function interruptedAt(method: string, path: string): { wise: ReturnType<World['client']> } {
  const wise = world.client();
  const read: typeof wise.read = wise.read.bind(wise);
  wise.read = async (request, options) => {
    if ((request.method ?? 'GET') === method && request.path.includes(path)) interrupt();
    return read(request, options);
  };
  return { wise };
}

const target = () => ({ ...card.target });
const SAID = { code: 'interrupted', message: 'Interrupted. Nothing was sent.' };
const again = (words: string) => `Run the same command again: kioskctl ${words} --context local`;
const named = () => `1001/${card.target.cardToken}`;

describe('before anything was sent', () => {
  test('an interrupted produce names itself with its kiosk', async () => {
    const context = interruptedAt('GET', '/production');
    const result = await card.send({ context, kioskId: parseKioskId('WIS00002') });
    const hint = again(`produce ${named()} --kiosk WIS00002`);
    expect(result).toMatchObject({ outcome: 'interrupted', exitCode: 130, error: { ...SAID, hint } });
    expect((await world.puts()).sent).toBe(0);
  });

  test('an interrupted retry names itself with its kiosk', async () => {
    await card.fail();
    const toKiosk = parseKioskId('WIS00002');
    const result = await card.repeat({ toKiosk, context: interruptedAt('GET', '/production') });
    expect(result.error).toMatchObject({
      ...SAID,
      hint: again(`retry ${named()} --to-kiosk WIS00002`),
    });
  });

  test('an interrupted cancel names itself, not the next command of its card', async () => {
    const context = world.context(interruptedAt('GET', '/production'));
    const [result] = await cancel(context, [target()]);
    expect(result?.error).toMatchObject({ ...SAID, hint: again(`cancel ${named()}`) });
  });

  test('an interrupted simulate names itself with its result', async () => {
    const context = world.context(interruptedAt('GET', '/production'));
    const simulation = { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' } as const;
    const [result] = await simulate(context, { targets: [target()], simulation });
    const words = `simulate ${named()} --status PRODUCTION_ERROR --error-code PRD_HOPPER_DOOR`;
    expect(result?.error).toMatchObject({ ...SAID, hint: again(words) });
  });

  test('an interrupted wait names itself', async () => {
    await card.send();
    const context = world.context(interruptedAt('GET', '/production'));
    const [result] = await waitProduced(context, { targets: [target()], via: 'poll' });
    expect(result?.error).toMatchObject({ ...SAID, hint: again(`wait-produced ${named()}`) });
  });
});

describe('after a request was sent', () => {
  test('an accepted card is interrupted, and is awaited with the next command', async () => {
    const result = await card.send({ wait: true, context: { onSleep: interrupt } });
    expect(result).toMatchObject({ outcome: 'interrupted', exitCode: 130, card: { stage: 'in-progress' } });
    expect(result.error?.message).toBe('Interrupted.');
    expect(result.error?.hint).toContain('may still complete. Continue with: kioskctl wait-produced');
  });

  test('a request to produce with a lost answer is unknown (8), and not the end by the signal', async () => {
    world.fault({ ...PUT, reset: 'before' });
    const result = await card.send({ context: { onSleep: interrupt } });
    expect(result).toMatchObject({ outcome: 'unknown', exitCode: 8, error: { code: 'outcome-unknown' } });
    expect(result.error?.hint).toContain('kioskctl wait-produced');
    expect(await world.journal.listActions({ actions: ['produce'] })).toMatchObject([{ exitCode: 8 }]);
  });

  test('a cancellation with a lost answer is unknown (8)', async () => {
    world.answers.push(true);
    world.fault({ kind: 'answer', method: 'PUT', path: '/status', times: 1, reset: 'before' });
    const [result] = await cancel(world.context({ onSleep: interrupt }), [target()]);
    expect(result).toMatchObject({ outcome: 'unknown', exitCode: 8, error: { code: 'outcome-unknown' } });
  });

  test('an order with a lost answer is unknown (8), and its key is shown', async () => {
    world.fault({ kind: 'answer', method: 'POST', path: '/card-orders', times: 9, reset: 'after' });
    const options = { fields: {}, file: null, like: null, replaces: null, wait: false };
    const context = world.context({ onSleep: interrupt });
    const result = await order(context, { ...options, idempotencyKey: 'ticket-1' });
    expect(result).toMatchObject({ outcome: 'unknown', exitCode: 8, error: { code: 'outcome-unknown' } });
    expect(result.error?.hint).toContain('--idempotency-key ticket-1');
  });
});
