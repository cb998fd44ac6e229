import { expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { RetrySelection } from '../../src/kiosks/plan-retry.ts';
import { type RetryFlags, toRetrySelection } from '../../src/kiosks/retry-options.ts';

const read = (flags: RetryFlags) => toRetrySelection(flags, []);

test.each<[RetryFlags, Partial<RetrySelection>]>([
  [{ kiosk: ['WIS00001', ' WIS00001'] }, { kioskIds: ['WIS00001'].map(parseKioskId) }],
  [
    { kiosk: ['K'], 'error-code': ['prd_hopper_door', 'Vendor_new'] },
    { errorCodes: ['PRD_HOPPER_DOOR', 'Vendor_new'] },
  ],
  [{ kiosk: ['K'], 'to-kiosk': 'BANK7' }, { toKiosk: parseKioskId('BANK7') }],
])('%j selects %j', (flags, selection) => {
  expect(read(flags)).toMatchObject(selection);
});

test.each<[RetryFlags, RegExp]>([
  [{ kiosk: ['WIS 1'] }, /“WIS 1” is not a kiosk id/],
  [{ kiosk: [''] }, /--kiosk is empty/],
  [{ kiosk: ['K'], 'to-kiosk': 'WIS\u001b[2J' }, /is not a kiosk id/],
  [{ kiosk: ['K'], 'error-code': [' '] }, /--error-code is empty/],
])('%j is a mistake', (flags, message) => {
  expect(() => read(flags)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
  );
});
