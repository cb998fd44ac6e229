import { describe, expect, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import { checkScenario } from '../../src/scenarios/check-scenario.ts';
import { type CardGiven, type CardPlan, planCard } from '../../src/scenarios/plan-card.ts';
import type { Values } from '../../src/scenarios/scenario.ts';

const ORDER = { order: { cardHolderName: '${holder}' } };
const VARIABLES = {
  holder: 'Sam Sample',
  code: 'PRT_PAUSED',
  limit: 100,
  times: 2,
  codes: ['PRT_PAUSED', 'CB_TIME'],
  entries: { default: [{ code: 'CB_TIME', exit: 4 }] },
  profile: { default: null, local: 1004 },
};

interface Given extends Partial<CardGiven> {
  variables?: Record<string, unknown>;
}

function plan(steps: unknown, { variables = VARIABLES, ...given }: Given = {}): CardPlan {
  const { scenario, mistakes } = checkScenario({ version: 1, name: 'test', variables, steps });
  if (!scenario) throw new Error(JSON.stringify(mistakes));
  return planCard(scenario, {
    number: 1,
    runId: 'r1',
    environment: 'sandbox',
    kioskId: parseKioskId('WIS00001'),
    values: {},
    ...given,
  });
}

function titles(steps: unknown, given: Given = {}): string[] {
  const planned = plan(steps, given);
  expect(planned.mistakes).toEqual([]);
  expect(planned.steps.map(({ index }) => index)).toEqual(planned.steps.map((_, index) => index));
  return planned.steps.map(({ title }) => title);
}

function mistakes(steps: unknown, values: Values, given: Given = {}): string[] {
  return plan(steps, { ...given, values }).mistakes.map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

describe('the steps of a card', () => {
  test('steps contain the values of references, with their type if the text is a single reference', () => {
    const { steps } = plan([
      {
        order: {
          cardHolderName: '${holder} ${card.number}',
          embossedName: '$${holder}',
          lifetimeLimit: '${limit}',
          profileId: '${profile}',
        },
      },
    ]);
    expect(steps[0]).toMatchObject({
      definition: { kind: 'order' },
      body: {
        profileId: null,
        fields: { cardHolderName: 'Sam Sample 1', embossedName: '${holder}', lifetimeLimit: 100 },
      },
    });
  });

  test('steps use the defaults of the embedded sandbox there, unless values are set', () => {
    const steps = [{ order: { profileId: '${profile}' } }];
    const profileOf = (given: Given) => plan(steps, given).steps[0];
    expect(profileOf({ environment: 'local' })).toMatchObject({ body: { profileId: 1004 } });
    expect(profileOf({ environment: 'local', values: { profile: '1001' } })).toMatchObject({
      body: { profileId: 1001 },
    });
    expect(profileOf({ values: { profile: '7' } })).toMatchObject({ body: { profileId: 7 } });
  });

  test('steps convert text from flags and columns to the type of the default', () => {
    const steps = [
      ORDER,
      {
        repeat: {
          times: '${times}',
          steps: [
            { 'for-each': { in: '${codes}', as: 'one', steps: [{ simulate: 'PRODUCTION_ERROR:${one}' }] } },
          ],
        },
      },
      { expect: { errorCode: '${codes}', exitCode: '${exit}' } },
    ];
    const values = { times: '1', codes: 'CB_TIME, DP_TIMEOUT', exit: '4' };
    expect(titles(steps, { variables: { ...VARIABLES, exit: null }, values })).toEqual([
      'order',
      'simulate PRODUCTION_ERROR:CB_TIME',
      'simulate PRODUCTION_ERROR:DP_TIMEOUT',
      'expect exitCode 4, errorCode CB_TIME or DP_TIMEOUT',
    ]);
  });

  test('steps can refer to the item and the number of their loop', () => {
    const steps = [
      ORDER,
      {
        'for-each': {
          in: '${entries}',
          as: 'entry',
          steps: [
            {
              'wait-produced': null,
              name: 'fails with ${entry.code}',
              timeout: '30s',
              'on-failure': 'continue',
            },
            { expect: { exitCode: '${entry.exit}' } },
          ],
        },
      },
      { repeat: { times: 2, as: 'turn', steps: [{ retry: { 'to-kiosk': 'WIS0000${turn}' } }] } },
    ];
    expect(titles(steps)).toEqual([
      'order',
      'fails with CB_TIME',
      'expect exitCode 4',
      'retry at WIS00001',
      'retry at WIS00002',
    ]);
    expect(plan(steps).steps[1]).toMatchObject({
      timeout: 30_000,
      onFailure: 'continue',
      path: ['steps', 1, 'for-each', 'steps', 0],
    });
  });

  test('steps use the kiosk of the row, otherwise the next kiosk of the run', () => {
    const steps = [ORDER, 'produce', { retry: { 'to-kiosk': '${kiosk}' } }];
    expect(plan(steps)).toMatchObject({
      kioskId: 'WIS00001',
      steps: [{}, { body: { kioskId: null } }, { body: { kioskId: 'WIS00001' } }],
    });
    expect(plan(steps, { values: { kiosk: 'WIS00007' } }).kioskId).toBe('WIS00007');
  });

  test('steps need no order if a card exists', () => {
    const variables = { card: { required: true } };
    expect(plan(['wait-ready'], { variables, values: { card: '1001/501' } })).toMatchObject({
      card: '1001/501',
      mistakes: [],
    });
  });

  test('titles of steps contain no value of an order', () => {
    const steps = [{ order: { cardHolderName: '${code}' } }, { simulate: 'PRODUCTION_ERROR:${code}' }];
    expect(titles(steps)).toEqual(['order', 'simulate']);
  });
});

function loop(steps: unknown[]): unknown[] {
  return [{ repeat: { times: '${times}', steps } }];
}

describe('a mistake in the values of a card', () => {
  test.each<[string, unknown, Values, string]>([
    [
      'a name that the scenario has not',
      [ORDER],
      { holdr: 'x' },
      'variables.holdr: the scenario has no variable “holdr”: did you mean holder?',
    ],
    ['a value that is no number', [ORDER], { limit: 'many' }, 'variables.limit: “limit” is not a number'],
    [
      'a kiosk that is none',
      [ORDER],
      { kiosk: 'WIS 1' },
      'variables.kiosk: “kiosk” can’t be read: A kiosk id is one word, like WIS00001',
    ],
    [
      'a code that is none',
      [ORDER, { simulate: 'PRODUCTION_ERROR:${code}' }],
      { code: 'PRT_PAUSD' },
      'steps.1.simulate: There is no error code “PRT_PAUSD”. Did you mean PRT_PAUSED? kioskctl explain lists all codes',
    ],
    [
      'a field that is none',
      [ORDER, { 'for-each': { in: '${entries}', as: 'entry', steps: [{ produce: '${entry.cod}' }] } }],
      {},
      'steps.1.for-each.steps.0.produce: ${entry.cod}: there is no “cod” in it: did you mean code?',
    ],
    [
      'a list in text',
      [ORDER, { produce: 'x${codes}' }],
      {},
      'steps.1.produce: ${codes} is a list or a mapping: it can’t be a part of text',
    ],
    ['nothing in text', [ORDER, { produce: 'x${profile}' }], {}, 'steps.1.produce: ${profile} has no value'],
    [
      'a loop over text',
      [ORDER, { 'for-each': { in: '${limit}', as: 'a', steps: ['produce'] } }],
      {},
      'steps.1.for-each.in: it is not a list',
    ],
  ])('is reported with its place: %s', (_, steps, values, mistake) => {
    expect(mistakes(steps, values)).toEqual([mistake]);
  });

  test('a missing required variable is reported with its flag', () => {
    const variables = { holder: { required: true } };
    expect(mistakes([ORDER], {}, { variables })).toEqual([
      'variables.holder: “holder” is required: set --var holder=…, or a column holder in the data',
    ]);
  });

  test('a produce step without a kiosk explains how to set one', () => {
    expect(mistakes([ORDER, 'produce'], {}, { kioskId: null })[0]).toContain('--kiosk');
  });

  test('a step that needs a card before any order explains how to set one', () => {
    const variables = { card: { default: null } };
    expect(mistakes(['wait-ready'], {}, { variables })).toEqual([
      'steps.0: “wait-ready” needs a card: order one before it, or set one with --var card=…',
    ]);
  });

  test('a mistake never shows values of a row', () => {
    const variables = { ...VARIABLES, phone: '+441234567890', card: null, plain: null };
    const steps = [
      { order: { cardHolderName: '${holder}', phoneNumber: '${phone}', lifetimeLimit: '${limit}' } },
      { produce: '${phone}' },
      { advance: '${plain}' },
      { repeat: { times: '${times}', steps: ['produce'] } },
    ];
    const wrong = [
      { phone: 'Ada Secret', plain: 'Ada Secret' },
      { card: 'Ada Secret' },
      { limit: 'Ada Secret', times: 'Ada Secret', kiosk: 'Ada Secret' },
    ];
    for (const values of wrong) {
      const lines = mistakes(steps, values, { variables });
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.join('\n')).not.toContain('Ada');
    }
  });

  test('values that make nested loops too long are reported quickly', () => {
    const empty = [{ 'for-each': { in: '${codes}', as: 'a', steps: ['produce'] } }];
    expect(mistakes([ORDER, ...loop(loop(loop(['produce'])))], { times: '9999' })).toHaveLength(1);
    expect(mistakes([ORDER, ...loop(loop(loop(empty)))], { times: '9999', codes: '' })).toHaveLength(1);
    expect(mistakes([ORDER, ...loop(['produce'])], { times: '99999999' })).toHaveLength(1);
  });
});

test('10,000 cards are planned within five seconds', () => {
  const { scenario } = checkScenario({
    version: 1,
    name: 'x',
    variables: VARIABLES,
    steps: [ORDER, 'wait-ready', 'produce', { simulate: 'PRODUCTION_ERROR:${code}' }],
  });
  if (!scenario) throw new Error('it has mistakes');
  for (let number = 1; number <= 10_000; number += 1) {
    const given = {
      number,
      runId: 'r',
      environment: 'local',
      kioskId: parseKioskId('WIS00001'),
      values: { holder: `H${number}` },
    };
    expect(planCard(scenario, given).steps).toHaveLength(4);
  }
}, 5_000);

test('a step with an unknown reference is not validated any further', () => {
  const inLoop = { repeat: { times: 2, steps: [{ produce: '${codes.k}' }] } };
  const times = { repeat: { times: '${codes.k}', steps: ['cancel'] } };
  expect(mistakes([ORDER, inLoop, times], {})).toEqual([
    'steps.1.repeat.steps.0.produce: ${codes.k}: there is no “k” in it',
    'steps.2.repeat.times: ${codes.k}: there is no “k” in it',
  ]);
});
