import { describe, expect, test } from 'vitest';
import { parsePiped } from '../../src/cards/card-arguments.ts';
import { describeCard } from '../../src/domain/card.ts';
import type { Failure } from '../../src/domain/errors/failure.ts';
import { facts, production } from '../harness/records.ts';

const TOKEN = 'ca0c8154-1e14-4464-a1ce-dcea7dc3de52';
const OTHER = '35050a4a-9521-426e-8109-1396e3687a3e';
const ERROR = {
  code: 'not-found',
  message: 'The API knows no such order or card.',
  hint: 'Check the reference.',
};

function parse(input: unknown) {
  return parsePiped(typeof input === 'string' ? input : JSON.stringify(input), 'sandbox');
}

/** One JSON document a line. */
function lines(...documents: unknown[]): string {
  return `${documents.map((document) => JSON.stringify(document)).join('\n')}\n`;
}

function mistakeIn(input: unknown): Failure {
  try {
    parse(input);
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it was read');
}

function own(more: Record<string, unknown>) {
  return { schemaVersion: 1, command: 'order', context: 'ci', environment: 'sandbox', exitCode: 0, ...more };
}

function card(more: Record<string, unknown> = {}) {
  return {
    profileId: 1001,
    orderId: 501,
    cardToken: TOKEN,
    orderStatus: 'CARD_DETAILS_CREATED',
    stage: 'ready',
    attempt: 0,
    attemptId: null,
    production: null,
    ageDays: 1,
    daysLeft: 59,
    next: null,
    nextArgv: null,
    ...more,
  };
}

function event(more: Record<string, unknown> = {}, resource: Record<string, unknown> = {}) {
  return {
    data: {
      resource: {
        type: 'card',
        profile_id: '123456',
        client_id: 'your-bank',
        card_token: OTHER,
        ...resource,
      },
      status: 'PRODUCED',
      kiosk_id: 'WIS00001',
      error_code: null,
      occurred_at: '2024-01-01T12:24:560Z',
      ...more,
    },
    subscription_id: '01234567-89ab-cdef-0123-456789abcdef',
    event_type: 'cards#card-production-status-change',
    schema_version: '2.0.0',
    sent_at: '2024-01-01T12:34:56Z',
  };
}

const REFERENCE = { profileId: 1001, cardToken: TOKEN, orderId: 501, after: null };

describe('lines of references', () => {
  test('piped references are read to the end, with any line ends and empty lines', () => {
    expect(parse(`1001/501\r\n\n  ${TOKEN.toUpperCase()}  \n7/1001L`)).toEqual({
      kind: 'cards',
      shape: 'cards',
      references: [
        { profileId: 1001, cardToken: null, orderId: 501 },
        { profileId: null, cardToken: TOKEN, orderId: null },
        { profileId: 7, cardToken: null, orderId: 1001 },
      ],
    });
  });

  test('piped references are a list, even if there is only one', () => {
    expect(parse('501')).toMatchObject({ shape: 'cards' });
  });

  test.each(['501\nnonsense', '501,502', '501 502', 'null', '"501" 502', '-'])(
    'an invalid piped reference is an error: %j',
    (input) => {
      expect(mistakeIn(input)).toMatchObject({ code: 'invalid-reference', exitCode: 2 });
    },
  );
});

test.each(['', ' ', '\n\n', '\ufeff', '\t\r\n'])('nothing, like %j, is a mistake of usage', (input) => {
  expect(mistakeIn(input)).toMatchObject({ code: 'input-required', exitCode: 2 });
});

describe('a document of kioskctl', () => {
  test('a piped document of one card keeps its shape', () => {
    expect(parse(own({ card: card(), changed: true }))).toEqual({
      kind: 'cards',
      shape: 'card',
      references: [REFERENCE],
    });
  });

  test('a piped document may be indented over several lines', () => {
    expect(parse(`\n${JSON.stringify(own({ card: card() }), null, 2)}\n`)).toMatchObject({
      shape: 'card',
      references: [REFERENCE],
    });
  });

  test('a piped document of several cards is a list in the same order', () => {
    const cards = [
      card(),
      card({ cardToken: null, orderId: 502 }),
      card({ profileId: 7, orderId: null, cardToken: OTHER }),
    ];
    expect(parse(own({ cards, summary: { total: 3 } }))).toEqual({
      kind: 'cards',
      shape: 'cards',
      references: [
        REFERENCE,
        { profileId: 1001, cardToken: null, orderId: 502, after: null },
        { profileId: 7, cardToken: OTHER, orderId: null, after: null },
      ],
    });
  });

  test('a piped document without cards is an empty list', () => {
    expect(parse(own({ cards: [], summary: { total: 0 } }))).toEqual({
      kind: 'cards',
      shape: 'cards',
      references: [],
    });
  });

  test('a piped document of orders or cards of a profile is a list', () => {
    const order = { profileId: 1001, orderId: 501, cardToken: null, orderStatus: 'PLACED', program: 'P' };
    expect(parse(own({ command: 'orders', orders: [order] }))).toMatchObject({
      shape: 'cards',
      references: [{ profileId: 1001, orderId: 501, cardToken: null }],
    });
  });

  const AT = '2026-03-01T11:00:00.120Z';

  test.each<[string, Record<string, unknown> | null, string | null]>([
    ['in progress', { status: 'IN_PROGRESS', occurredAt: AT }, AT],
    ['in progress, nobody knows since when', { status: 'IN_PROGRESS', occurredAt: null }, null],
    // A time that can't be read decides nothing: it must not hold a wait up.
    [
      'in progress, at a time that cannot be read',
      { status: 'IN_PROGRESS', occurredAt: '2024-01-01T12:24:560Z' },
      null,
    ],
    ['over', { status: 'PRODUCTION_ERROR', occurredAt: AT }, null],
    ['not there', null, null],
  ])('says when the attempt began: %s', (_, production, after) => {
    const whole = production && { kioskId: 'WIS00001', errorCode: null, description: null, ...production };
    expect(parse(own({ card: card({ production: whole }) }))).toMatchObject({ references: [{ after }] });
  });

  test.each<[string, Record<string, unknown>]>([
    ['one card', { card: card() }],
    ['no cards', { cards: [] }],
    ['an error', { error: ERROR, exitCode: 10 }],
    ['the event of a stream', { type: 'event', ...card() }],
  ])('of another environment is a mistake, whatever is in it: %s', (_, more) => {
    const document = own({ environment: 'production', ...more });
    expect(mistakeIn(document)).toMatchObject({ code: 'environment-mismatch', exitCode: 2 });
  });

  test('a piped document of another environment is an error in any line', () => {
    const input = lines(own({ card: card() }), own({ environment: 'local', card: card({ orderId: 502 }) }));
    expect(mistakeIn(input)).toMatchObject({ code: 'environment-mismatch' });
  });

  test.each<[string, unknown]>([
    ['something else', { hello: 'world' }],
    ['of a later schema', own({ schemaVersion: 2, card: card() })],
    ['with an id that is none', own({ card: card({ orderId: '501' }) })],
    ['with a card that has no name', own({ card: card({ orderId: null, cardToken: null }) })],
    ['that breaks off', '{"schemaVersion":1,"card":'],
    ['of which one line is none', `${JSON.stringify(own({ card: card() }))}\nnonsense`],
  ])('that is none is a mistake: %s', (_, input) => {
    expect(mistakeIn(input)).toMatchObject({ code: 'invalid-input', exitCode: 2 });
  });

  test('a piped document with an invalid token is an error', () => {
    expect(mistakeIn(own({ card: card({ cardToken: 'ABCD-1234' }) }))).toMatchObject({
      code: 'invalid-reference',
      exitCode: 2,
    });
  });

  test('a malformed piped document is shown without its control characters', () => {
    expect(mistakeIn(`{"a":1}\n{\u001b[2J`).message).not.toContain('\u001b');
  });
});

describe('what an earlier command failed with', () => {
  test('a piped error document is passed on with its exit code', () => {
    expect(parse(own({ exitCode: 10, error: ERROR }))).toEqual({
      kind: 'passed-on',
      passedOn: { exitCode: 10, error: ERROR },
    });
  });

  test('a piped error in any line is passed on, and nothing is sent', () => {
    const input = lines(
      own({ card: card() }),
      own({ exitCode: 3, error: { ...ERROR, code: 'credentials-missing' } }),
    );
    expect(parse(input)).toMatchObject({ kind: 'passed-on', passedOn: { exitCode: 3 } });
  });

  test('only the allowed fields of a piped error are passed on', () => {
    const details = { httpStatus: 404, traceId: 't', authorization: 'Bearer tok-4711', argv: ['x'] };
    const passed = parse(own({ exitCode: 10, error: { ...ERROR, stack: 'at x', details } }));
    expect(JSON.stringify(passed)).not.toMatch(/tok-4711|argv|stack/);
    expect(passed).toMatchObject({ passedOn: { error: { details: { httpStatus: 404, traceId: 't' } } } });
  });

  test('a complete piped card is passed on unchanged', () => {
    const whole = describeCard(
      facts({ production: production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' }) }),
      { flags: ['--context', 'local'], kioskId: null },
    );
    expect(parse(own({ command: 'produce', exitCode: 4, card: whole, error: ERROR }))).toMatchObject({
      references: [{ passedOn: { exitCode: 4, card: whole } }],
    });
    const cards = [{ ...whole, outcome: 'failed', exitCode: 4, error: ERROR }];
    expect(parse(own({ command: 'produce', exitCode: 4, cards }))).toMatchObject({
      references: [{ passedOn: { exitCode: 4, card: whole } }],
    });
  });

  test('a card that was extracted from a list is processed', () => {
    const failed = {
      ...describeCard(facts(), { flags: [], kioskId: null }),
      outcome: 'failed',
      error: ERROR,
    };
    const input = lines(failed, { ...failed, cardToken: null, orderId: 502 });
    const piped = parse(input);
    if (piped.kind !== 'cards') throw new Error('no cards');
    expect(piped.shape).toBe('cards');
    expect(piped.references).toMatchObject([{ cardToken: TOKEN }, { cardToken: null, orderId: 502 }]);
    expect(piped.references.map(({ passedOn }) => passedOn)).toEqual([undefined, undefined]);
  });

  test('an unknown piped exit code becomes that of a bug', () => {
    expect(parse(own({ exitCode: 99, error: ERROR }))).toMatchObject({ passedOn: { exitCode: 1 } });
  });

  test('a piped card with an error keeps both', () => {
    const document = own({
      command: 'wait-ready',
      exitCode: 75,
      card: card(),
      error: { ...ERROR, code: 'deadline-passed' },
    });
    expect(parse(document)).toMatchObject({
      shape: 'card',
      references: [{ ...REFERENCE, passedOn: { exitCode: 75, error: { code: 'deadline-passed' } } }],
    });
  });

  test('failed piped entries keep their exit code, and the others continue', () => {
    const cards = [
      card({ outcome: 'done', exitCode: 0 }),
      card({ orderId: 502, cardToken: null, outcome: 'failed', exitCode: 4, error: ERROR }),
      card({ orderId: 503, cardToken: null, outcome: 'skipped', exitCode: 10, error: ERROR }),
      card({ orderId: 504, cardToken: null, outcome: 'not-started', exitCode: null }),
    ];
    const piped = parse(own({ command: 'produce', exitCode: 130, cards }));
    if (piped.kind !== 'cards') throw new Error('no cards');
    expect(piped.references.map(({ passedOn }) => passedOn?.exitCode ?? 0)).toEqual([0, 4, 10, 130]);
    expect(piped.references[3]?.passedOn?.error).toMatchObject({
      code: expect.any(String),
      hint: expect.any(String),
    });
  });

  test.each([
    ['one card', { card: card(), error: ERROR }],
    ['a list', { cards: [card({ outcome: 'failed', exitCode: 10, error: ERROR })] }],
  ])('a status says only how things are: %s', (_, more) => {
    const piped = parse(own({ command: 'status', exitCode: 10, ...more }));
    if (piped.kind !== 'cards') throw new Error('no cards');
    expect(piped.references.map(({ passedOn }) => passedOn)).toEqual([undefined]);
  });
});

describe('documents, one a line', () => {
  test('piped documents, one per line, are one list', () => {
    const input = lines(
      own({ card: card() }),
      own({ cards: [] }),
      own({ cards: [card({ orderId: 502, cardToken: null })] }),
    );
    expect(parse(input.replaceAll('\n', '\r\n\r\n'))).toMatchObject({
      shape: 'cards',
      references: [REFERENCE, { orderId: 502 }],
    });
  });

  test('a piped stream starts with a line that names no card', () => {
    const ready = {
      schemaVersion: 1,
      context: 'ci',
      environment: 'sandbox',
      exitCode: 0,
      type: 'ready',
      url: 'http://127.0.0.1:1',
    };
    const line = own({ type: 'event', ...card() });
    expect(parse(lines(ready, line))).toMatchObject({ shape: 'cards', references: [REFERENCE] });
    expect(parse(ready)).toMatchObject({ references: [] });
  });

  test('test notifications in a piped stream name no card', () => {
    expect(parse(own({ type: 'event', test: true, ...card() }))).toMatchObject({
      kind: 'cards',
      references: [],
    });
  });
});

function line(more: Record<string, unknown> = {}) {
  return {
    schemaVersion: 1,
    environment: 'sandbox',
    type: 'event',
    profileId: 1001,
    cardToken: TOKEN,
    orderId: null,
    status: 'PRODUCED',
    test: false,
    ...more,
  };
}

describe('events of kioskctl', () => {
  const order = { cardToken: null, orderId: 502 };
  const nameless = { profileId: null, cardToken: null, orderId: null };

  test.each([
    [
      'a list of them',
      own({ command: 'events list', events: [line(), line(order), line(), line(nameless)] }),
    ],
    ['one a line', lines(line(), line(order), line(nameless))],
  ])('%s names each card once, and those that name none are left out', (_, input) => {
    expect(parse(input)).toMatchObject({
      kind: 'cards',
      shape: 'cards',
      references: [
        { profileId: 1001, cardToken: TOKEN },
        { profileId: 1001, orderId: 502 },
      ],
    });
  });

  test.each([
    ['tests', own({ events: [line({ test: true })] })],
    ['a test', line({ test: true })],
    ['one of an unknown type', line(nameless)],
    ['none', own({ events: [] })],
  ])('%s name no card, which is no mistake', (_, input) => {
    expect(parse(input)).toMatchObject({ kind: 'cards', references: [] });
  });

  test('piped events of another environment are an error', () => {
    expect(mistakeIn(line({ environment: 'production' })).code).toBe('environment-mismatch');
    expect(mistakeIn(own({ environment: 'production', events: [line()] })).code).toBe('environment-mismatch');
  });
});

describe('events of the vendor', () => {
  test.each([
    ['of a production', event(), { profileId: 123_456, cardToken: OTHER, orderId: null }],
    [
      'with a number for the profile',
      event({}, { profile_id: 123_456 }),
      { profileId: 123_456, cardToken: OTHER },
    ],
    [
      'of an order',
      {
        ...event({ order_id: '1001L', order_status: 'PRODUCED' }),
        event_type: 'cards#card-order-status-change',
      },
      { profileId: 123_456, cardToken: OTHER },
    ],
    [
      'of an order that has no card yet',
      { ...event({ order_id: '1001L' }, { card_token: null }), event_type: 'cards#card-order-status-change' },
      { profileId: 123_456, cardToken: null, orderId: 1001 },
    ],
  ])('name their card: %s', (_, body, reference) => {
    expect(parse(body)).toMatchObject({ kind: 'cards', shape: 'cards', references: [reference] });
  });

  test('piped webhook bodies are read one per line', () => {
    expect(parse(lines(event(), event({}, { profile_id: 7 })))).toMatchObject({
      references: [{ profileId: 123_456 }, { profileId: 7 }],
    });
  });

  test.each([0, '0'])('that are tests are ignored: profile %j', (profileId) => {
    expect(parse(lines(event({}, { profile_id: profileId }), event()))).toMatchObject({
      references: [{ profileId: 123_456 }],
    });
    expect(parse(event({}, { profile_id: profileId }))).toMatchObject({ kind: 'cards', references: [] });
  });

  test('piped webhook bodies without a card are ignored', () => {
    expect(parse(event({}, { card_token: null }))).toMatchObject({ references: [] });
  });
});

function tokensOf(input: unknown): unknown[] {
  const piped = parse(input);
  return piped.kind === 'cards'
    ? piped.references.map((one) => ('cardToken' in one ? one.cardToken : one))
    : [];
}

describe('what jq takes out of a document', () => {
  const cards = [card(), card({ cardToken: OTHER, orderId: 502 })];
  const document = own({ cards });
  const tokens = [TOKEN, OTHER];

  test.each<[filter: string, output: unknown]>([
    ['.cards', cards],
    ['.cards (indented)', JSON.stringify(cards, null, 2)],
    ['.cards[]', cards.map((one) => JSON.stringify(one, null, 2)).join('\n')],
    ['-c .cards[]', lines(...cards)],
    ['.cards[].cardToken', lines(...tokens)],
    ['[.cards[].cardToken]', tokens],
    ['.cards[] | "\\(.profileId)/\\(.cardToken)"', lines(...tokens.map((token) => `1001/${token}`))],
    ['--tab .', JSON.stringify(document, null, '\t')],
    [
      '. (two documents)',
      [document, own({ cards: [] })].map((one) => JSON.stringify(one, null, 2)).join('\n'),
    ],
  ])('jq %s is read', (_, output) => {
    expect(tokensOf(output)).toEqual(tokens);
    expect(parse(output)).toMatchObject({ shape: 'cards' });
  });

  test('an empty piped list names no cards', () => {
    expect(parse([])).toEqual({ kind: 'cards', references: [], shape: 'cards' });
  });

  test('the line of invalid JSON is named, even after indented documents', () => {
    const input = `${JSON.stringify(card(), null, 2)}\nnonsense\n`;
    const line = input.split('\n').indexOf('nonsense') + 1;
    expect(mistakeIn(input).message).toContain(`Line ${line} of standard input is not JSON: nonsense`);
  });
});
