import { expect, test } from 'vitest';
import { type KioskId, parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { NO_RUNBOOK, type Runbook } from '../../src/domain/runbook.ts';
import type { JournalCard } from '../../src/domain/selection.ts';
import type { OpenNotice, ProblemSubject } from '../../src/journal/journal.ts';
import { decideNotices } from '../../src/notices/decide-notices.ts';
import { gatherReports } from '../../src/notices/gather-reports.ts';
import { makeNotice, makeTestNotice, type Notice } from '../../src/notices/make-notice.ts';
import { renderNotice } from '../../src/notices/notice-formats.ts';
import { findProblems, type ProblemFacts, STUCK_MS } from '../../src/notices/problem.ts';
import { plan } from '../harness/plans.ts';
import { attempt, card, DAY, production, SENT_AT, TOKEN } from '../harness/records.ts';
import { schemaErrors } from '../harness/schemas.ts';

const KIOSK = parseKioskId('WIS00001');
const NOW = SENT_AT + DAY;

const RUNBOOK: Runbook = {
  pages: [
    {
      kind: 'production',
      code: 'PRD_HOPPER_DOOR',
      owner: 'Branch staff',
      steps: ['Close the door.', 'Count the cards.'],
      link: 'https://wiki.bank.example/kiosks?a=1&b=2|3',
      contact: 'Hardware desk, ext. 4711',
      retry: null,
    },
  ],
};

function failed(number: number, kioskId: KioskId = KIOSK, errorCode = 'PRD_HOPPER_DOOR'): JournalCard {
  const cardToken = parseCardToken(`${String(number).padStart(8, '0')}${TOKEN.slice(8)}`);
  const said = production('PRODUCTION_ERROR', { kioskId, errorCode });
  const one = card({ cardToken, orderId: 500 + number, production: said });
  return { card: one, attempt: null, changedAt: SENT_AT + number * 1_000, createdAt: null };
}

async function noticesOf(
  facts: Partial<ProblemFacts>,
  { environment = 'production', runbook = RUNBOOK, open = [] as OpenNotice[] } = {},
): Promise<Notice[]> {
  const nothing = { cards: [], holds: [], gaps: [], stopped: [], plans: [] };
  const problems = await findProblems({
    ...nothing,
    now: NOW,
    stuckAfter: STUCK_MS,
    unknownAfter: 0,
    ...facts,
  });
  const names = new Map(problems.flatMap(({ cards }) => cards.map(({ card: one }) => nameOf(one))));
  return gatherReports(decideNotices(problems, open, { now: NOW, gather: 0 })).flatMap(({ report }) =>
    report === null ? [] : [makeNotice(report, { environment, runbook, now: NOW, names })],
  );
}

function nameOf({ profileId, cardToken, orderId }: JournalCard['card']): [string, string] {
  return [`${profileId}/${cardToken}`, `${profileId}/${orderId}`];
}

const jsonOf = (notice: Notice) => JSON.parse(renderNotice(notice, 'json'));
const slackOf = (notice: Notice) => JSON.parse(renderNotice(notice, 'slack'));

const twelve = Array.from({ length: 12 }, (_, index) => failed(index + 1));

test('a notice about twelve failures in production says where, since when, what, who acts and what to run', async () => {
  const [notice, ...others] = await noticesOf({ cards: twelve });
  expect(others).toEqual([]);
  const { text } = jsonOf(notice as Notice);
  const lines = text.replace(/Since: .*/, 'Since: …').split('\n');
  expect(lines).toEqual([
    '[PRODUCTION] 12 cards failed at WIS00001: PRD_HOPPER_DOOR',
    'Environment: production',
    'Kiosk: WIS00001',
    'Cards: 1001/501, 1001/502, 1001/503, 1001/504, 1001/505 and 7 more',
    'Since: …',
    'Meaning: PRD_HOPPER_DOOR: The hopper door is open.',
    'Who acts: Branch staff',
    'Next step: Close the door. Count the cards.',
    'Contact: Hardware desk, ext. 4711',
    'Runbook: https://wiki.bank.example/kiosks?a=1&b=2|3',
    'Run: kioskctl kiosk recover WIS00001 --environment production',
  ]);
});

test('a notice about failures at many kiosks names the kiosks with most of them, and has the advice if the code is one', async () => {
  const cards = [...twelve, ...six.map((number) => failed(20 + number, kiosk(number)))];
  const [notice, ...others] = await noticesOf({ cards });
  expect(others).toEqual([]);
  expect(notice).toMatchObject({
    key: 'failed',
    kind: 'failed',
    kioskId: null,
    count: 18,
    kiosks: [{ kioskId: 'WIS00001', cards: 13 }, {}, {}, {}, {}],
    advice: { code: 'PRD_HOPPER_DOOR', contact: 'Hardware desk, ext. 4711' },
  });
  const [mixed] = await noticesOf({ cards: [...cards, failed(30, KIOSK, 'PRT_RIBBON')] });
  expect(mixed).toMatchObject({ advice: { code: null, contact: null } });
});

test('a message for Slack has a text, a header, the facts and the command, and production stands out', async () => {
  const [notice] = await noticesOf({ cards: twelve });
  const message = slackOf(notice as Notice);
  expect(message.text).toBe('🚨 [PRODUCTION] 12 cards failed at WIS00001: PRD_HOPPER_DOOR');
  expect(
    message.blocks.map(({ type, text }: { type: string; text: { type: string } }) => [type, text.type]),
  ).toEqual([
    ['header', 'plain_text'],
    ['section', 'mrkdwn'],
    ['section', 'mrkdwn'],
  ]);
  expect(message.blocks[1].text.text).toContain('*Runbook:* <https://wiki.bank.example/kiosks?a=1&b=2%7C3>');
  expect(message.blocks[2].text.text).toBe('```kioskctl kiosk recover WIS00001 --environment production```');
  const [sandbox] = await noticesOf({ cards: twelve }, { environment: 'sandbox' });
  expect(slackOf(sandbox as Notice).text).toBe('[sandbox] 12 cards failed at WIS00001: PRD_HOPPER_DOOR');
});

const inProgress: JournalCard = {
  card: card({ production: production('IN_PROGRESS') }),
  attempt: null,
  changedAt: SENT_AT,
  createdAt: null,
};
const lost: JournalCard = {
  card: card({ production: production('READY'), attempt: attempt('unknown') }),
  attempt: attempt('unknown'),
  changedAt: SENT_AT,
  createdAt: null,
};
const old = Array.from({ length: 3 }, (_, index): JournalCard => {
  const one = card({ production: production('READY'), age: 57 * DAY, orderId: 501 + index });
  return { card: one, attempt: null, changedAt: SENT_AT, createdAt: NOW - 57 * DAY };
});
const recovered: ProblemSubject = {
  kind: 'failed',
  kioskId: KIOSK,
  error: { kind: 'production', errorCode: 'PRD_HOPPER_DOOR' },
  days: null,
  listener: null,
};
const times = { seenAt: SENT_AT, noticedAt: SENT_AT, goneAt: null, since: SENT_AT, latest: SENT_AT };
const six = [1, 2, 3, 4, 5, 6];
const kiosk = (number: number) => parseKioskId(`WIS0000${number}`);
const open = (subject: ProblemSubject): OpenNotice => ({ key: 'x', subject, count: 12, ...times });

test.each<[string, Partial<ProblemFacts>, OpenNotice[], string, string | null]>([
  [
    'a stuck card',
    { cards: [inProgress] },
    [],
    '1 card is stuck at WIS00001',
    'status --stage in-progress --kiosk WIS00001',
  ],
  [
    'a lost answer',
    { cards: [lost] },
    [],
    'The outcome of 1 produce request at WIS00001 is unknown',
    'status --stage unknown --kiosk WIS00001',
  ],
  ['expiring cards', { cards: old }, [], '3 cards have at most 3 days left', 'status --expiring 3d'],
  [
    'a hold',
    { holds: [{ kioskId: KIOSK, heldAt: SENT_AT }] },
    [],
    'Kiosk WIS00001 has been on hold for over 24 hours',
    'kiosk show WIS00001',
  ],
  [
    'a gap',
    { gaps: [{ from: NOW - 3_600_000, to: NOW - 60_000 }] },
    [],
    'No webhook listener ran for 59m',
    'doctor',
  ],
  [
    'a listener that stopped',
    { stopped: [{ host: 'one', at: NOW }] },
    [],
    '1 webhook listener stopped',
    'doctor',
  ],
  [
    'a plan that ended with failures',
    { plans: [plan({ state: 'done', exitCode: 4, counts: { done: 1, failed: 1, left: 0 } })] },
    [],
    `Plan ${plan().id} ended with 4: 1 done, 1 failed of 2 cards`,
    `runs show ${plan().id}`,
  ],
  [
    'a plan that paused',
    { plans: [plan({ state: 'paused' })] },
    [],
    `Plan ${plan().id} is paused: 0 done, 2 left of 2 cards`,
    `runs approve ${plan().id}`,
  ],
  [
    'six plans',
    { plans: six.map((number) => plan({ id: `p${number}`, state: 'cancelled', exitCode: 9 })) },
    [],
    '6 detached plans ended or paused',
    'runs list',
  ],
  [
    'failures with one code at six kiosks',
    { cards: six.map((number) => failed(number, kiosk(number))) },
    [],
    '6 cards failed at 6 kiosks: PRD_HOPPER_DOOR',
    'status --failed',
  ],
  [
    'failures with six codes at one kiosk',
    { cards: six.map((number) => failed(number, KIOSK, `CODE_${number}`)) },
    [],
    '6 cards failed at WIS00001: several error codes',
    'kiosk recover WIS00001',
  ],
  [
    'six long holds',
    { holds: six.map((number) => ({ kioskId: kiosk(number), heldAt: SENT_AT })) },
    [],
    '6 kiosks have been on hold for over 24 hours',
    'kiosk list',
  ],
  [
    'six recoveries',
    {},
    six.map((number) => ({ ...open({ ...recovered, kioskId: kiosk(number) }), key: `x${number}` })),
    '6 problems are over: failed cards at 6 kiosks',
    null,
  ],
  ['a recovery', {}, [open(recovered)], 'No failed cards with PRD_HOPPER_DOOR at WIS00001 any more', null],
  [
    'a kiosk that was released',
    {},
    [open({ ...recovered, kind: 'hold', error: null })],
    'Kiosk WIS00001 is not on hold any more',
    null,
  ],
  [
    'a card that is not stuck any more',
    {},
    [open({ ...recovered, kind: 'stuck', error: null })],
    'No card is stuck at WIS00001 any more',
    null,
  ],
  [
    'a request that was settled',
    {},
    [open({ ...recovered, kind: 'unknown', error: null })],
    'No produce request at WIS00001 has an unknown outcome any more',
    null,
  ],
])(
  'a notice about %s has a title and a command, and follows the schema',
  async (_, facts, notices, title, command) => {
    const [notice] = await noticesOf(facts, { open: notices, runbook: NO_RUNBOOK });
    const document = jsonOf(notice as Notice);
    expect(schemaErrors(document, 'notice.json')).toEqual([]);
    expect([document.title, document.command]).toEqual([
      title,
      command && `kioskctl ${command} --environment production`,
    ]);
    expect(JSON.stringify([document, slackOf(notice as Notice)])).not.toContain(TOKEN.slice(0, 9));
  },
);

test('a notice about the holds or the recoveries of many kiosks names the first ones', async () => {
  const [held] = await noticesOf({
    holds: six.map((number) => ({ kioskId: kiosk(number), heldAt: SENT_AT })),
  });
  const notices = six.map((number) => ({
    ...open({ ...recovered, kioskId: kiosk(number) }),
    key: `x${number}`,
  }));
  const [over] = await noticesOf({}, { open: notices });
  for (const notice of [held, over])
    expect(jsonOf(notice as Notice).text).toContain(
      `\nKiosks: ${six.slice(0, 5).map(kiosk).join(', ')}\nSince: `,
    );
});

test('a test notice follows the schema', async () => {
  const document = jsonOf(makeTestNotice({ environment: 'sandbox', now: NOW }));
  expect(schemaErrors(document, 'notice.json')).toEqual([]);
  expect(document.text).toBe('[sandbox] Test notice: this target receives notices\nEnvironment: sandbox');
});

const EVIL = '<!channel><@U1>`@here`[x](https://evil.example)&\u001b]0;x\u0007\u202e';

test('text from outside can notify nobody, make no link or code, and hide nothing', async () => {
  const kioskId = parseKioskId('<!here>`@channel`[a](//evil)');
  const [page] = RUNBOOK.pages;
  if (!page) throw new Error('no page');
  const runbook = { pages: [{ ...page, owner: EVIL, contact: EVIL, steps: [EVIL] }] };
  const [notice] = await noticesOf({ cards: [failed(1, kioskId)] }, { runbook });
  const message = slackOf(notice as Notice);
  const texts: string[] = [
    message.text,
    ...message.blocks.map((block: { text: { text: string } }) => block.text.text),
  ];
  for (const text of texts) {
    expect(text.replace('<https://wiki.bank.example/kiosks?a=1&b=2%7C3>', '')).not.toMatch(
      /[<>]|&(?!amp;|lt;|gt;)/,
    );
    expect(text.replaceAll('\n', '')).not.toMatch(/@(?:here|channel)|\]\(|[\p{Cc}\u202e]/u);
    expect(text.replaceAll('```', '')).not.toContain('`');
  }
  expect(jsonOf(notice as Notice).text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
});

test('a notice about a plan has its kiosks, its times and what to do, and only its success is not urgent', async () => {
  const two = { kioskIds: [KIOSK, kiosk(2)], startedAt: SENT_AT, endedAt: NOW };
  const [failedPlan] = await noticesOf({ plans: [plan({ ...two, state: 'done', exitCode: 4 })] });
  const lines = jsonOf(failedPlan as Notice).text.split('\n');
  expect(lines.map((line: string) => line.replace(/^(Since|Until): .*/, '$1'))).toEqual([
    `[PRODUCTION] Plan ${plan().id} ended with 4: 0 done, 2 left of 2 cards`,
    'Environment: production',
    'Kiosks: WIS00001, WIS00002',
    'Since',
    'Until',
    'Meaning: Not all cards of the plan were produced.',
    'Who acts: operations',
    'Next step: Check the results of its cards.',
    `Run: kioskctl runs show ${plan().id} --environment production`,
  ]);
  expect(slackOf(failedPlan as Notice).text).toMatch(/^🚨/);
  const [success] = await noticesOf({ plans: [plan({ ...two, state: 'done', exitCode: 0 })] });
  expect(slackOf(success as Notice).text).toMatch(/^\[PRODUCTION\] Plan/);
  expect(success?.advice).toBeNull();
});

test('a kiosk whose id looks like a flag is not part of the command', async () => {
  const [notice] = await noticesOf({ cards: [failed(1, parseKioskId('--context=evil'))] });
  expect(notice?.command).toBe('kioskctl status --failed --environment production');
});

test('long texts from outside are shortened, and a message keeps the limits of Slack', async () => {
  const long = 'x'.repeat(1_000);
  const [page] = RUNBOOK.pages;
  if (!page) throw new Error('no page');
  const runbook = {
    pages: [{ ...page, owner: long, contact: long, steps: [long, long], link: `https://x/${long}` }],
  };
  const kioskId = parseKioskId('K'.repeat(100));
  const [notice] = await noticesOf({ cards: [failed(1, kioskId)] }, { runbook });
  const message = slackOf(notice as Notice);
  expect(message.blocks[0].text.text.length).toBeLessThanOrEqual(150);
  expect(message.blocks[1].text.text.length).toBeLessThan(3_000);
  expect(notice?.advice?.link).toBeNull();
});
