import { afterAll, beforeEach, expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Selection } from '../../src/domain/selection.ts';
import { cardSelectionFlags, refuseBoth, toCardSelection } from '../../src/kiosks/kiosk-flags.ts';
import { type Given, parseFlags } from '../harness/command-line.ts';
import { World } from '../harness/world.ts';

const world = new World();
const NOW = world.clock.now();
const HOUR = 3_600_000;
beforeEach(() => void world.said.splice(0));
afterAll(() => world.close());

const read = async (given: Given) =>
  toCardSelection(world.context(), await parseFlags(cardSelectionFlags, given));

test.each<[Given, Selection | null]>([
  [{}, null],
  [{ failed: false }, null],
  [{ failed: true }, { isFailed: true }],
  [{ kiosk: ['WIS00001', 'BANK7'] }, { kioskIds: ['WIS00001', 'BANK7'].map(parseKioskId) }],
  [{ 'error-code': ['prd_hopper_door', 'PRT_RIBBON'] }, { errorCodes: ['PRD_HOPPER_DOOR', 'PRT_RIBBON'] }],
  [{ stage: ['Ready', 'in-progress'] }, { stages: ['ready', 'in-progress'] }],
  [{ expiring: '7d' }, { expiringDays: 7 }],
  [{ expiring: '36h' }, { expiringDays: 2 }],
  [{ expiring: '0' }, { expiringDays: 0 }],
  [{ since: '2h' }, { since: NOW - 2 * HOUR }],
  [{ since: '2026-03-01T10:00:00Z' }, { since: NOW - 2 * HOUR }],
])('%j selects %j', async (flags, selection) => {
  expect(await read(flags)).toEqual(selection);
  expect(world.said).toEqual([]);
});

test.each<[Given, RegExp, RegExp]>([
  [{ stage: ['faild'] }, /“faild” is not a stage/, /mean failed\?.*in-progress/],
  [{ stage: ['x\u001b[2J'] }, /“x\\u001b\[2J”/, /Use one of placed/],
  [{ kiosk: ['WIS 1'] }, /“WIS 1” is not a kiosk id/, /one word/],
  [{ 'error-code': [' '] }, /--error-code is empty/, /value/],
  [{ expiring: 'soon' }, /“soon” is not a duration/, /61d/],
  [{ since: 'yesterday' }, /--since: “yesterday”/, /2h/],
  [{ since: '2026-03-01T12:00:01Z' }, /--since is in the future/, /remove one/],
  [{ failed: true, stage: ['produced'] }, /--failed and --stage produced/, /remove one/],
])('%j is a mistake', async (flags, message, hint) => {
  await expect(read(flags)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
});

test('an undocumented error code is accepted with a warning', async () => {
  expect(await read({ 'error-code': ['PRD_HOPER_DOOR', 'Brand_New'] })).toEqual({
    errorCodes: ['PRD_HOPER_DOOR', 'Brand_New'],
  });
  expect(world.said).toEqual([
    'PRD_HOPER_DOOR is not a documented error code. Did you mean PRD_HOPPER_DOOR?',
    'Brand_New is not a documented error code.',
  ]);
});

test('--since uses the clock of Wise', async () => {
  await world.journal.rememberClockOffset(24 * HOUR);
  expect(await read({ since: '1h' })).toEqual({ since: NOW + 23 * HOUR });
  await world.journal.rememberClockOffset(0);
});

test('cards are either named or selected', () => {
  expect(() => refuseBoth(['501'], { isFailed: true })).toThrow(expect.objectContaining({ code: 'usage' }));
  refuseBoth(['501'], null);
  refuseBoth(undefined, { isFailed: true });
});
