import { describe, expect, test } from 'vitest';
import { cardResults } from '../../src/cards/card-views.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { CardResult } from '../../src/domain/results.ts';
import { makeStyle } from '../../src/output/style.ts';
import { card, production } from '../harness/records.ts';

const ERROR = { code: 'production-failed', message: 'It failed.', hint: 'Fix it.' };

const DONE: CardResult = {
  card: card({ production: production('IN_PROGRESS') }),
  outcome: 'done',
  exitCode: 0,
  changed: true,
};
const FAILED: CardResult = {
  card: card({ orderId: 502, cardToken: null, orderStatus: 'PLACED' }),
  outcome: 'failed',
  exitCode: 4,
  error: ERROR,
};
const NOT_STARTED: CardResult = {
  card: card({ orderId: 503, cardToken: null }),
  outcome: 'not-started',
  exitCode: null,
};

const INTERRUPTED = new Failure('interrupted', 'Interrupted.', { hint: 'h' });

const extra = ({ exitCode }: CardResult) => ({ attempts: [exitCode] });

test('a refused card shows its refusal, and not the earlier failure', async () => {
  const before = production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' });
  const details = { errorCode: 'KIOSK_ID_NOT_FOUND' };
  const refused: CardResult = {
    card: card({ production: before }),
    outcome: 'refused',
    exitCode: 5,
    error: { ...ERROR, code: 'production-refused', details },
  };
  const { text } = cardResults([refused], { shape: 'cards' });
  const shown = await text(makeStyle(false));
  expect(shown).toMatch(/refused: KIOSK_ID_NOT_FOUND\. .*\n1 card: 1 refused\n$/);
  expect(shown).not.toContain('PRD_HOPPER_DOOR');
});

test('a ready card whose action was refused shows the outcome, and not its stage', async () => {
  const refused: CardResult = {
    card: card({ orderId: 501, production: production('READY') }),
    outcome: 'refused',
    exitCode: 9,
    error: { ...ERROR, code: 'kiosk-on-hold' },
  };
  const { text } = cardResults([refused], { shape: 'card' });
  const shown = await text(makeStyle(false));
  expect(shown).toMatch(/ refused\n$/);
  expect(shown).not.toContain('ready');
});

test.each([
  ['done', 'done: cancelled'],
  ['unchanged', 'unchanged: cancelled'],
] as const)(
  'the text of a card begins with its outcome %s, and the stage follows',
  async (outcome, shown) => {
    const cancelled = card({ orderId: 501, cardToken: null, orderStatus: 'CANCELLED' });
    const result: CardResult = { card: cancelled, outcome, exitCode: 0 };
    expect(await cardResults([result], { shape: 'cards' }).text(makeStyle(false))).toMatch(
      new RegExp(`^. 1001/501 ${shown}\n`),
    );
  },
);

test('a failed card that an action could not reach does not look like a new failure', async () => {
  const { text } = cardResults([{ ...failed(501, 'WIS00001'), exitCode: 7, error: UNREACHABLE }], {
    shape: 'cards',
  });
  expect(await text(makeStyle(false))).toMatch(/^✗ 1001\/501 failed\n/);
});

const UNREACHABLE = { code: 'unreachable', message: 'No connection.', hint: 'Try again.' };

const failed = (orderId: number, kioskId: string): CardResult => ({
  card: card({
    orderId,
    cardToken: null,
    production: production('PRODUCTION_ERROR', {
      errorCode: 'PRD_HOPPER_DOOR',
      kioskId: parseKioskId(kioskId),
    }),
  }),
  outcome: 'failed',
  exitCode: 4,
  error: { ...ERROR, message: `Card ${orderId} failed.`, details: { errorCode: 'PRD_HOPPER_DOOR' } },
});

describe('several cards that failed with the same error at the same kiosk', () => {
  const { text, errors } = cardResults(
    [failed(501, 'WIS00001'), DONE, failed(502, 'WIS00001'), failed(503, 'WIS00002')],
    { shape: 'cards', invocation: { flags: ['--context', 'ci'] } },
  );

  test('cards with the same failure are named below what they have in common', async () => {
    const lines = (await text(makeStyle(false))).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '✗ 2 cards failed with PRD_HOPPER_DOOR at WIS00001',
      '    1001/501',
      '    1001/502',
    ]);
    expect(lines).toHaveLength(7);
  });

  test('cards with the same failure have one error, whose hint is the recovery of the kiosk', () => {
    expect(errors).toMatchObject([
      {
        about: null,
        error: {
          message: expect.stringMatching(/^2 cards: PRD_HOPPER_DOOR\. /),
          hint: expect.stringMatching(/Next: kioskctl kiosk recover WIS00001 --context ci$/),
        },
      },
      { about: '1001/503', error: { message: 'Card 503 failed.' } },
    ]);
  });
});

test('several cards that a kiosk on hold refused have one error, which says their number', () => {
  const refused = [501, 502].map(
    (orderId): CardResult => ({
      card: card({ orderId, cardToken: null }),
      outcome: 'refused',
      exitCode: 9,
      error: { code: 'kiosk-on-hold', message: 'Kiosk WIS00001 is on hold.', hint: 'Release it.' },
    }),
  );
  expect(cardResults(refused, { shape: 'cards' }).errors).toEqual([
    {
      about: null,
      error: { code: 'kiosk-on-hold', message: '2 cards: Kiosk WIS00001 is on hold.', hint: 'Release it.' },
    },
  ]);
});

const late = (orderId: number, next: string | null = `kioskctl wait-ready 1001/${orderId} --context ci`) => {
  const hint = next ?? 'Check it.';
  return {
    card: { ...card({ orderId, cardToken: null }), next },
    outcome: 'timeout',
    exitCode: 75,
    error: {
      code: 'deadline-passed',
      message: `Card 1001/${orderId} was not ready; wait for card 1001/${orderId}.`,
      hint,
    },
  } satisfies CardResult;
};

const NOT_READY: CardResult = {
  card: card({ orderId: 503, cardToken: null }),
  outcome: 'refused',
  exitCode: 9,
  error: { code: 'wrong-stage', message: 'Card 1001/503 is not ready yet.', hint: 'Wait for it.' },
};

describe('an error does not repeat the name of the card next to it', () => {
  test('the error of one card says “the card”, and the name is kept for --quiet', () => {
    expect(cardResults([late(501)], { shape: 'card' }).errors).toMatchObject([
      { about: '1001/501', isClear: true, error: { message: 'The card was not ready; wait for the card.' } },
    ]);
  });

  test('cards with the same error in other words have one error, and one command for all of them', () => {
    const { errors } = cardResults([late(501), late(502), DONE], { shape: 'cards' });
    expect(errors).toMatchObject([
      {
        about: null,
        error: {
          message: '2 cards: The card was not ready; wait for the card.',
          hint: 'kioskctl wait-ready 1001/501 1001/502 --context ci',
        },
      },
    ]);
  });

  test('several different errors of a list stand beside their cards, which are named once', async () => {
    const refused = { ...NOT_READY, card: card({ orderId: 503, cardToken: null }) };
    const { errors, text } = cardResults([late(501), FAILED, refused], { shape: 'cards' });
    const lines = (await text(makeStyle(false))).split('\n');
    expect(lines).toContain('✗ 1001/503 refused: The card is not ready yet.');
    const shown = (errors ?? []).map(
      ({ about, isClear, error }) => `${isClear ? '' : about} ${error.message}`,
    );
    expect(shown).toHaveLength(3);
    expect(shown.join()).not.toMatch(/100\d\/50/);
  });

  test('the only error of several cards names its card, unless the text does', () => {
    const produced: CardResult = { card: card({ orderId: 502 }), outcome: 'done', exitCode: 0 };
    const errorsOf = (showsReasons: boolean) =>
      cardResults([late(501), produced], { shape: 'cards', showsReasons }).errors;
    expect(errorsOf(false)).toMatchObject([{ about: '1001/501', isClear: false }]);
    expect(errorsOf(true)).toMatchObject([{ about: '1001/501', isClear: true }]);
  });

  test('several different errors of a text without them name their cards', () => {
    const { errors } = cardResults([late(501), FAILED], { shape: 'cards', showsReasons: false });
    expect(errors?.map(({ about, isClear }) => [about, isClear])).toEqual([
      ['1001/501', false],
      ['1001/502', false],
    ]);
  });
});

test('failed cards that were refused have the recovery of their kiosk as the next command', () => {
  const refused = [501, 502].map((orderId): CardResult => {
    const one = failed(orderId, 'WIS00001');
    const next = `kioskctl retry 1001/${orderId}`;
    const error = { code: 'wrong-stage', message: `Card 1001/${orderId} failed.`, hint: next };
    return { ...one, card: { ...one.card, stage: 'failed', next }, outcome: 'refused', exitCode: 9, error };
  });
  expect(cardResults(refused, { shape: 'cards' }).errors).toMatchObject([
    { error: { hint: 'kioskctl kiosk recover WIS00001' } },
  ]);
});

test('cards that were not started are one line without the mark of a failure', async () => {
  const idle = { ...NOT_STARTED, card: card({ orderId: 504, cardToken: null }) };
  const { text } = cardResults([NOT_STARTED, DONE, idle], { shape: 'cards' });
  const shown = await text(makeStyle(false));
  expect(shown).toMatch(/^– 2 cards not-started\n {4}1001\/503\n {4}1001\/504\n✓ /);
  expect(shown).not.toContain('✗');
});

test('an interrupted command says once what may still complete, and names the cards in the command', () => {
  const cut = [501, 502].map((orderId): CardResult => {
    const error = { code: 'interrupted', message: 'Interrupted.', hint: 'h' };
    return { card: card({ orderId, cardToken: null }), outcome: 'interrupted', exitCode: 130, error };
  });
  const options = { shape: 'cards', stops: [INTERRUPTED], mayHaveSent: true } as const;
  const { errors, document } = cardResults([DONE, ...cut, NOT_STARTED], options);
  expect(errors).toEqual([
    {
      about: null,
      error: {
        code: 'interrupted',
        message: 'Interrupted.',
        hint: 'What was sent may still complete. Check: kioskctl status 1001/501 1001/502',
      },
    },
  ]);
  expect(document.error).toEqual(INTERRUPTED.toDocument());
});

describe('one card', () => {
  test('one card that was done keeps its exit code, whatever signal came meanwhile', () => {
    const { exitCode, document } = cardResults([DONE], { shape: 'card', stops: [INTERRUPTED] });
    expect([exitCode, document.error]).toEqual([0, undefined]);
  });

  test('one card that was not started has the error that stopped the command', () => {
    const { exitCode, document } = cardResults([NOT_STARTED], { shape: 'card', stops: [INTERRUPTED] });
    expect(exitCode).toBe(130);
    expect(document).toEqual({ card: NOT_STARTED.card, error: INTERRUPTED.toDocument() });
  });

  test('one card has the fields card and changed', () => {
    const { exitCode, document, references } = cardResults([DONE], { shape: 'card' });
    expect(exitCode).toBe(0);
    expect(document).toEqual({ card: DONE.card, changed: true });
    expect(references).toEqual([`1001/${DONE.card.cardToken}`]);
  });

  test('one card that failed has card and error, and no reference', () => {
    const { exitCode, document, references, errors } = cardResults([FAILED], { shape: 'card' });
    expect(exitCode).toBe(4);
    expect(document).toEqual({ card: FAILED.card, error: ERROR });
    expect(references).toEqual([]);
    expect(errors).toEqual([{ about: '1001/502', isClear: true, error: ERROR }]);
  });

  test('one card of a wait has the source that ended it', () => {
    const options = { shape: 'card' } as const;
    expect(cardResults([{ ...DONE, via: 'event' }], options).document).toMatchObject({ via: 'event' });
    const failed = cardResults([{ ...FAILED, via: 'api' }, DONE], { ...options, shape: 'cards' });
    expect(failed.document).toMatchObject({ cards: [{ via: 'api' }, {}] });
  });

  test('one card that was only read has no field changed', () => {
    const { document } = cardResults([{ card: DONE.card, outcome: 'done', exitCode: 0 }], { shape: 'card' });
    expect(document).toEqual({ card: DONE.card });
  });
});

describe('several cards', () => {
  test('several cards have their outcomes and a summary', () => {
    const { exitCode, document, references, errors } = cardResults([DONE, FAILED], { shape: 'cards' });
    expect(exitCode).toBe(4);
    expect(document).toEqual({
      cards: [
        { ...DONE.card, outcome: 'done', exitCode: 0, changed: true },
        { ...FAILED.card, outcome: 'failed', exitCode: 4, error: ERROR },
      ],
      summary: { total: 2, done: 1, failed: 1 },
    });
    expect(references).toEqual([`1001/${DONE.card.cardToken}`]);
    expect(errors).toEqual([{ about: '1001/502', isClear: true, error: ERROR }]);
  });

  test('a list of one card or none has the same form', () => {
    expect(cardResults([DONE], { shape: 'cards' }).document).toMatchObject({
      cards: [{ outcome: 'done' }],
      summary: { total: 1 },
    });
    expect(cardResults([], { shape: 'cards' })).toMatchObject({
      exitCode: 0,
      document: { cards: [], summary: { total: 0 } },
    });
  });

  test.each([
    ['that were not started', [DONE, NOT_STARTED]],
    ['that were all started', [DONE, DONE]],
  ])('%s end with the failure that stopped the command', (_, results) => {
    const { exitCode, document, errors } = cardResults(results, { shape: 'cards', stops: [INTERRUPTED] });
    expect(exitCode).toBe(130);
    expect(document).toMatchObject({ cards: [{}, {}], error: { code: 'interrupted' } });
    expect(errors).toEqual([{ about: null, error: INTERRUPTED.toDocument() }]);
  });

  test('the error of several stops is the one with the exit code of the command', () => {
    const stops = [new Failure('leased', 'l', { hint: 'h' }), INTERRUPTED];
    const { exitCode, document } = cardResults([DONE, NOT_STARTED], { shape: 'cards', stops });
    expect([exitCode, document.error]).toEqual([130, INTERRUPTED.toDocument()]);
  });

  test.each(['journal-unusable', 'journal-replaced'])(
    'cards that a journal stopped (%s) end with 9 and its error',
    (code) => {
      const broken = { code, message: 'It is damaged.', hint: 'h' };
      const first: CardResult = { ...FAILED, outcome: 'refused', exitCode: 9, error: broken };
      const { exitCode, document } = cardResults([first, NOT_STARTED], { shape: 'cards' });
      expect([exitCode, document.error]).toEqual([9, broken]);
    },
  );

  test('an unknown outcome takes precedence over the signal that interrupted the command', () => {
    const unknown: CardResult = { ...FAILED, outcome: 'unknown', exitCode: 8 };
    const { exitCode } = cardResults([unknown, NOT_STARTED], { shape: 'cards', stops: [INTERRUPTED] });
    expect(exitCode).toBe(8);
  });

  test('several cards show the fields that a command adds', () => {
    expect(cardResults([DONE, FAILED], { shape: 'cards', extra }).document).toMatchObject({
      cards: [{ attempts: [0] }, { attempts: [4] }],
    });
    expect(cardResults([DONE], { shape: 'card', extra }).document).toMatchObject({
      card: { attempts: [0] },
    });
  });
});

test('the text of a list has a line for each card and one with the counts', async () => {
  const { text } = cardResults([DONE, FAILED, NOT_STARTED], { shape: 'cards' });
  const lines = (await text(makeStyle(false))).trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toContain('in-progress on WIS00001');
  expect(lines[3]).toMatch(/3.*1 done.*1 failed.*1 not-started/);
});
