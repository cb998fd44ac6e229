import { expect, test } from 'vitest';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import type { KioskOverview } from '../../src/kiosks/kiosk-summary.ts';
import { holdResult, overviewResult, releaseResult } from '../../src/kiosks/kiosk-views.ts';
import type { Overview } from '../../src/kiosks/overview.ts';
import { localTime, makeStyle } from '../../src/output/style.ts';

const plain = makeStyle(false);
const AT = '2026-03-01T12:00:00.000Z';

function kiosk(more: Partial<KioskOverview> = {}): KioskOverview {
  return {
    kioskId: parseKioskId('WIS00001'),
    inContext: true,
    hold: null,
    busy: null,
    inProgress: 0,
    unknown: 0,
    failed: 0,
    failedByErrorCode: [],
    oldestFailed: null,
    expiringSoon: 0,
    expired: 0,
    lastProducedAt: null,
    ...more,
  };
}

function seen(...kiosks: KioskOverview[]): Overview {
  const coverage = { from: null, to: Date.parse(AT), listened: [], gaps: [] };
  return {
    kiosks,
    cards: [],
    now: Date.parse(AT),
    withoutKiosk: { expiringSoon: 0, expired: 0 },
    covered: { coverage, firstEventAt: null, lastEventAt: null, isListenedTo: false },
    flags: ['--context', 'branch'],
  };
}

const textOf = async (overview: Overview) => (await overviewResult(overview).text(plain)).split('\n');

test('a kiosk has one table row, and its details are listed below the table', async () => {
  const busy = { act: 'retry', by: 'bob@here', since: AT };
  const hold = { reason: 'door', by: 'ada@here', context: 'branch', since: AT, until: null, long: false };
  const oldestFailed = {
    profileId: 1001,
    orderId: 501,
    cardToken: null,
    errorCode: 'PRT_RIBBON',
    failedAt: AT,
    daysLeft: 5,
  };
  const failedByErrorCode = [
    { errorCode: 'PRD_HOPPER_DOOR', count: 11 },
    { errorCode: null, count: 1 },
  ];
  const lines = await textOf(
    seen(
      kiosk({
        hold,
        busy,
        inProgress: 2,
        unknown: 1,
        failed: 12,
        failedByErrorCode,
        oldestFailed,
        expiringSoon: 3,
        expired: 1,
      }),
      kiosk({ kioskId: parseKioskId('WIS00002'), lastProducedAt: AT }),
    ),
  );
  const time = localTime(AT);
  expect(lines[1]?.split('\t')).toEqual([
    'WIS00001',
    'on hold',
    '2 + 1 unknown',
    '12 (PRD_HOPPER_DOOR 11, no code 1)',
    time,
    '3 within 7 days, 1 expired',
    '–',
  ]);
  expect(lines[2]?.split('\t')).toEqual(['WIS00002', '–', '0', '0', '–', '–', time]);
  expect(lines.slice(3)).toEqual([
    `WIS00001: on hold since ${time}, set by ada@here: door`,
    `WIS00001: locked since ${time} by bob@here (retry)`,
    'WIS00001: oldest failed card 1001/501, 5 days left',
    'No webhook listener ran yet, so events from Wise are missing.',
    '',
  ]);
});

test('a kiosk with failures has its recovery as the next command, unless it is being recovered', async () => {
  const busy = { act: 'retry', by: 'bob@here', since: AT };
  const failures = { failed: 2, failedByErrorCode: [{ errorCode: 'PRT_RIBBON', count: 2 }] };
  const lines = await textOf(
    seen(
      kiosk(failures),
      kiosk({ kioskId: parseKioskId('WIS00002') }),
      kiosk({ kioskId: parseKioskId('WIS00003'), busy, ...failures }),
    ),
  );
  expect(lines.filter((line) => line.startsWith('Next:'))).toEqual([
    'Next: kioskctl kiosk recover WIS00001 --context branch',
  ]);
});

test('cards without a kiosk are mentioned, and so is an empty list of kiosks', async () => {
  const lines = await textOf({ ...seen(), withoutKiosk: { expiringSoon: 2, expired: 0 } });
  expect(lines.slice(0, 2)).toEqual([
    'No kiosks are known yet.',
    'Cards not sent to a kiosk yet: 2 within 7 days. Show them: kioskctl status --expiring 7d --context branch',
  ]);
});

test('no text from outside reaches the terminal with its control characters', async () => {
  const evil = 'x\u001b[2J\u202e' as KioskId;
  const hold = { reason: evil, by: evil, context: evil, since: AT, until: null, long: false };
  const failedByErrorCode = [{ errorCode: evil, count: 1 }];
  const lines = await textOf(seen(kiosk({ kioskId: evil, hold, failed: 1, failedByErrorCode })));
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  expect(lines.join('')).not.toMatch(/[\u001b\u202e]/);
  expect(lines.join('')).toContain('\\u001b[2J\\u202e');
});

const HOLD = {
  kioskId: parseKioskId('WIS00001'),
  reason: 'door',
  context: 'branch',
  user: 'ada',
  host: 'here',
  heldAt: Date.parse(AT),
  endsAt: null,
  boot: null,
  uptime: null,
};

test('a hold of more than 24 hours is pointed out with the command that ends it, and an end is shown', async () => {
  const hold = { reason: 'door', by: 'ada@here', context: 'branch', since: AT, until: AT, long: true };
  const lines = await textOf(seen(kiosk({ kioskId: parseKioskId('WIS00001'), hold })));
  expect(lines).toContain(
    `WIS00001: on hold since ${localTime(AT)}, until ${localTime(AT)}, set by ada@here: door`,
  );
  expect(lines).toContain(
    'WIS00001: on hold for more than 24 h. If it works again: kioskctl kiosk release WIS00001 --context branch',
  );
});

const REACH = { journal: 'j', host: 'here' };

test('a hold shows the journal to which it applies', async () => {
  const set = holdResult(
    { hold: HOLD, changed: true, isKnown: true },
    { journal: '/home/ada/journal.db', host: 'here' },
  );
  expect(set.document).toMatchObject({
    kioskId: parseKioskId('WIS00001'),
    hold: { reason: 'door', by: 'ada@here', since: AT },
    changed: true,
    known: true,
    reach: { journal: '/home/ada/journal.db', host: 'here' },
  });
  expect(await set.text(plain)).toBe(`✓ Kiosk WIS00001 is on hold: door
  The hold applies to this journal only: /home/ada/journal.db on here. Other journals and other systems can still send cards there.
`);
  const ofServer = holdResult(
    { hold: HOLD, changed: true, isKnown: true },
    { journal: 'postgres://ada@db.bank.example/kioskctl', host: null },
  );
  expect(await ofServer.text(plain)).toContain(
    'this journal only: postgres://ada@db.bank.example/kioskctl. Other journals',
  );
  const before = holdResult({ hold: HOLD, changed: false, isKnown: true }, REACH);
  expect(await before.text(plain)).toContain(
    `= Kiosk WIS00001 was on hold already, since ${localTime(AT)}, set by ada@here: door\n`,
  );
});

test('a secret in a reason is not shown', async () => {
  const hold = { ...HOLD, reason: 'failed with Authorization: Bearer tok-6f1d0c9e-never-show-this' };
  for (const changed of [true, false]) {
    const result = holdResult({ hold, changed, isKnown: true }, REACH);
    expect(JSON.stringify(result.document) + (await result.text(plain))).not.toContain('never-show-this');
  }
});

test('a release shows the hold that ended', async () => {
  expect(await releaseResult(parseKioskId('WIS00001'), HOLD).text(plain)).toBe(
    `✓ Kiosk WIS00001 is released. It was on hold since ${localTime(AT)}, set by ada@here: door\n`,
  );
  expect(releaseResult(parseKioskId('WIS00001'), HOLD).document).toMatchObject({
    changed: true,
    hold: { reason: 'door' },
  });
  expect(await releaseResult(parseKioskId('WIS00001'), null).text(plain)).toBe(
    '= Kiosk WIS00001 was not on hold.\n',
  );
  expect(releaseResult(parseKioskId('WIS00001'), null).document).toEqual({
    kioskId: parseKioskId('WIS00001'),
    hold: null,
    changed: false,
  });
});
