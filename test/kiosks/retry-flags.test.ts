import { expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { RetrySelection } from '../../src/kiosks/plan-selection.ts';
import { retryFlags, toRetrySelection } from '../../src/kiosks/retry-flags.ts';
import { type Given, parseFlags } from '../harness/command-line.ts';

const read = async (given: Given) => toRetrySelection(await parseFlags(retryFlags, given), []);

test.each<[Given, Partial<RetrySelection>]>([
  [{ kiosk: ['WIS00001', ' WIS00001'] }, { kioskIds: ['WIS00001'].map(parseKioskId) }],
  [
    { kiosk: ['K'], 'error-code': ['prd_hopper_door', 'Vendor_new'] },
    { errorCodes: ['PRD_HOPPER_DOOR', 'Vendor_new'] },
  ],
  [{ kiosk: ['K'], 'to-kiosk': 'BANK7' }, { toKiosk: parseKioskId('BANK7') }],
])('%j selects %j', async (given, selection) => {
  expect(await read(given)).toMatchObject(selection);
});

test.each<[Given, RegExp]>([
  [{ kiosk: ['WIS 1'] }, /“WIS 1” is not a kiosk id/],
  [{ kiosk: [''] }, /--kiosk is empty/],
  [{ kiosk: ['K'], 'to-kiosk': 'WIS\u001b[2J' }, /is not a kiosk id/],
  [{ kiosk: ['K'], 'error-code': [' '] }, /--error-code is empty/],
])('%j is a mistake', async (given, message) => {
  await expect(read(given)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(message),
  });
});

test.each<[string, Given, string[]]>([
  ['a selection', { kiosk: ['K'], abandon: true }, []],
  ['standard input', { abandon: true }, ['-']],
])('--abandon is refused with %s: it takes named cards only', async (_, given, cards) => {
  const flags = await parseFlags(retryFlags, given);
  expect(() => toRetrySelection(flags, cards)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringContaining('named cards') }),
  );
});

test('--abandon is accepted with a named card', async () => {
  expect(toRetrySelection(await parseFlags(retryFlags, { abandon: true }), ['1001/501'])).toBeNull();
});
