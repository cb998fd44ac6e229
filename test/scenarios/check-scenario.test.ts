import { describe, expect, test } from 'vitest';
import { checkScenario } from '../../src/scenarios/check-scenario.ts';
import type { Scenario } from '../../src/scenarios/scenario.ts';

const ORDER = { order: { cardHolderName: 'Sam Sample' } };

function file(steps: unknown, more: Record<string, unknown> = {}): unknown {
  return { version: 1, name: 'test', steps, ...more };
}

/** What is wrong with a file, a line each. */
function mistakesIn(content: unknown): string[] {
  const { scenario, mistakes } = checkScenario(content);
  expect(scenario === null).toBe(mistakes.length > 0);
  return mistakes.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
}

function checked(content: unknown): Scenario {
  const { scenario, mistakes } = checkScenario(content);
  if (!scenario) throw new Error(JSON.stringify(mistakes));
  return scenario;
}

describe('a mistake in a step', () => {
  test.each<[string, unknown, string]>([
    [
      'an unknown step',
      [ORDER, 'waitready'],
      'steps.1: there is no step “waitready”: did you mean wait-ready?',
    ],
    [
      'an unknown step with a value',
      [ORDER, { produse: 'WIS00001' }],
      'steps.1.produse: there is no step “produse”: did you mean produce?',
    ],
    ['a step that is none', [ORDER, 7], 'steps.1: it is a number, not a step'],
    ['a step of no word', [ORDER, { timeout: '3s' }], 'steps.1: it has no step, like produce'],
    ['a word that needs more', [ORDER, 'simulate'], 'steps.1: “simulate” is empty: write “simulate: …”'],
    [
      'two words',
      [ORDER, { produce: null, simulate: 'PRODUCED' }],
      'steps.1.simulate: “produce” and “simulate” are two steps: begin each with its own dash',
    ],
    [
      'an option below its step',
      [ORDER, { 'wait-ready': { timeout: '3s' } }],
      'steps.1.wait-ready: “timeout” stands beside “wait-ready”, not below it: move it to the left',
    ],
    [
      'bounds that nothing is within',
      [ORDER, { expect: { attempt: { min: 3, max: 1 } } }],
      'steps.1.expect.attempt: nothing matches: min is greater than max',
    ],
    [
      'durations that nothing is within',
      [ORDER, { expect: { duration: { min: '1m', max: '5s' } } }],
      'steps.1.expect.duration: nothing matches: min is greater than max',
    ],
    ['a list of nothing', [{ order: [] }], 'steps.0.order: it is an empty list'],
    [
      'a wrong type',
      [ORDER, { produce: [1] }],
      'steps.1.produce: it is a list, not a mapping of names to values',
    ],
    [
      'a wrong kiosk',
      [ORDER, { produce: 'WIS 1' }],
      'steps.1.produce: it is not a kiosk id: one word, like WIS00001',
    ],
    [
      'a wrong code',
      [ORDER, { simulate: 'PRODUCTION_ERROR:PRD_HOPER_DOOR' }],
      'steps.1.simulate: There is no error code “PRD_HOPER_DOOR”. Did you mean PRD_HOPPER_DOOR, PRD_HOPPER_FULL? kioskctl explain lists all codes',
    ],
    [
      'a wrong field',
      [ORDER, { expect: { stag: 'x' } }],
      'steps.1.expect.stag: there is no “stag” here: did you mean stage?',
    ],
    [
      'a wrong stage',
      [ORDER, { expect: { stage: 'redy' } }],
      'steps.1.expect.stage: there is no “redy”: did you mean ready?',
    ],
    [
      'a wrong status',
      [ORDER, { expect: { orderStatus: 'CANCELED' } }],
      'steps.1.expect.orderStatus: it is not a value of Wise: did you mean CANCELLED?',
    ],
    [
      'a wrong exit code',
      [ORDER, { expect: { exitCode: 99 } }],
      'steps.1.expect.exitCode: it is not an exit code of kioskctl',
    ],
    [
      'bounds of text',
      [ORDER, { expect: { stage: { max: 3 } } }],
      'steps.1.expect.stage.max: there is no “max” here',
    ],
    [
      'nothing expected',
      [ORDER, { expect: {} }],
      'steps.1.expect: it is empty: name a field, like stage: produced',
    ],
    [
      'a wrong duration',
      [ORDER, { advance: '61' }],
      'steps.1.advance: it is not a duration: one whole number and its unit, like 500ms, 30s, 5m, 2h or 61d',
    ],
    [
      'a wrong fault',
      [{ fault: { kind: 'answr' } }],
      'steps.0.fault.kind: there is no “answr”: did you mean answer?',
    ],
    [
      'a fault of nothing',
      [{ fault: { kind: 'answer', path: '/production' } }],
      'steps.0.fault: needs exactly one of status, approval, reset, cut and delayMs',
    ],
    ['a loop without steps', [{ repeat: { times: 3 } }], 'steps.0.repeat: “steps” is missing'],
    [
      'a loop of no number',
      [{ repeat: { times: 'three', steps: [ORDER] } }],
      'steps.0.repeat.times: it is text, not a number',
    ],
    [
      'a list of nothing',
      [{ 'for-each': { in: 'a', as: 'b', steps: [ORDER] } }],
      'steps.0.for-each.in: it is text, not a list',
    ],
    ['no steps', [], 'steps: it is empty'],
    [
      'a step without a card',
      ['wait-ready', ORDER],
      'steps.0: “wait-ready” needs a card: order one before it, or declare a variable “card”',
    ],
    [
      'an unknown field of an order',
      [{ order: { cardHolderNam: 'x' } }],
      'steps.0.order.cardHolderNam: there is no “cardHolderNam” here: did you mean cardHolderName?',
    ],
  ])('is reported with its place and the nearest word: %s', (_, steps, mistake) => {
    expect(mistakesIn(file(steps))).toEqual([mistake]);
  });
});

describe('variables', () => {
  const variables = {
    code: 'PRT_PAUSED',
    holder: { required: true },
    list: { default: [{ code: 'CB_TIME' }] },
  };

  test.each<[string, unknown, string]>([
    [
      'one that nothing declares',
      [ORDER, { simulate: '${cod}' }],
      'steps.1.simulate: there is no variable “cod”: did you mean code?',
    ],
    [
      'a name that ends nowhere',
      [ORDER, { simulate: '${code' }],
      'steps.1.simulate: a “${” has no “}”; a plain one is written $${',
    ],
    [
      'an expression',
      [ORDER, { produce: '${code + 1}' }],
      'steps.1.produce: between “${” and “}” only a name or name.field is allowed',
    ],
    [
      "a loop's name outside of it",
      [
        ORDER,
        { 'for-each': { in: '${list}', as: 'entry', steps: ['produce'] } },
        { simulate: '${entry.code}' },
      ],
      'steps.2.simulate: there is no variable “entry.code”',
    ],
    [
      "a loop's name that is taken",
      [ORDER, { repeat: { times: 2, as: 'code', steps: ['produce'] } }],
      'steps.1.repeat.as: “code” is already used for something else',
    ],
    [
      'a title about a person',
      [{ order: { cardHolderName: '${holder}' }, name: 'order for ${holder}' }],
      'steps.0.name: “holder” is used in orders, so a name that is shown can’t contain it',
    ],
    [
      'an expectation about a person',
      [
        { order: { cardHolderName: '${holder}', profileId: '${code}' } },
        { expect: { attemptId: '${code}', next: { not: ['x', 'for ${holder}'] } } },
      ],
      'steps.1.expect.next.not.1: “holder” is used in orders and may be personal data, so an expectation, which is stored and shown, can’t contain it',
    ],
    [
      'an expectation about a person, through two loops',
      [
        { 'for-each': { in: '${list}', as: 'one', steps: [{ order: { cardHolderName: '${one.code}' } }] } },
        { 'for-each': { in: '${list}', as: 'same', steps: [{ expect: { next: '${same.code}' } }] } },
      ],
      'steps.1.for-each.steps.0.expect.next: “same” is used in orders and may be personal data, so an expectation, which is stored and shown, can’t contain it',
    ],
  ])('a wrong use of a variable is reported with its place: %s', (_, steps, mistake) => {
    expect(mistakesIn(file(steps, { variables }))).toEqual([mistake]);
  });

  test.each<[string, unknown, string]>([
    [
      'a default and required',
      { a: { required: true, default: 1 } },
      'variables.a: it is required, so its default is never used',
    ],
    [
      'a default of another',
      { a: '${b}', b: 1 },
      'variables.a: a default is used as it is: it can’t contain other variables',
    ],
    [
      'an unknown property',
      { a: { defalt: 1 } },
      'variables.a.defalt: there is no “defalt” here: did you mean default?',
    ],
    [
      'a name that is none',
      { '1a': 1 },
      'variables.1a: a name consists of letters, digits, _ and -, and begins with a letter',
    ],
  ])('a wrong declaration of a variable is reported with its place: %s', (_, variables, mistake) => {
    expect(mistakesIn(file([ORDER], { variables }))).toEqual([mistake]);
  });

  test('the variables of orders are found through loops, except those that are never about a person', () => {
    const { orderVariables } = checked(
      file(
        [
          {
            'for-each': {
              in: '${people}',
              as: 'person',
              steps: [
                {
                  repeat: {
                    times: '${count}',
                    steps: [{ order: { cardHolderName: '${person.name}', profileId: '${profile}' } }],
                  },
                },
              ],
            },
          },
          { produce: '${kiosk}' },
        ],
        { variables: { people: [], count: 2, profile: 1001 } },
      ),
    );
    expect(orderVariables).toEqual(['people']);
  });

  test('a scenario states what its steps require', () => {
    const inLoop = [{ repeat: { times: 3, steps: [ORDER, { fault: { kind: 'answer', status: 500 } }] } }];
    expect(checked(file(inLoop))).toMatchObject({ needsControl: true, simulates: false, stepCount: 6 });
    expect(checked(file([ORDER, { simulate: 'PRODUCED' }]))).toMatchObject({
      needsControl: false,
      simulates: true,
    });
    expect(
      checked(file([ORDER], { defaults: { timeout: '30s', 'on-failure': 'stop-run' } })).defaults,
    ).toEqual({
      timeout: 30_000,
      onFailure: 'stop-run',
    });
  });
});

describe('the file', () => {
  test.each<[string, unknown, string]>([
    ['nothing', null, 'it is empty, not a mapping of names to values'],
    ['a list', [], 'it is a list, not a mapping of names to values'],
    ['text', 'steps', 'it is text, not a mapping of names to values'],
    ['no version', { name: 'x', steps: [ORDER] }, '“version” is missing'],
    ['another version', { version: 2, name: 'x', steps: [ORDER] }, 'version: “2” is not 1'],
    ['no name', { version: 1, steps: [ORDER] }, '“name” is missing'],
    [
      'an unknown key',
      { version: 1, name: 'x', stesp: 1, steps: [ORDER] },
      'stesp: there is no “stesp” here: did you mean steps?',
    ],
  ])('a mistake around the steps is reported with its place: %s', (_, content, mistake) => {
    expect(mistakesIn(content)).toEqual([mistake]);
  });

  test('all mistakes of a file are reported together', () => {
    const steps = [ORDER, 'waitready', { expect: { stag: 1 } }, { simulate: '${x}' }, { name: '${y}' }];
    expect(mistakesIn(file(steps, { version: 3 }))).toHaveLength(5);
  });
});

describe('a malicious file', () => {
  test('a file whose loop contains itself is rejected', () => {
    const steps: unknown[] = [ORDER];
    steps.push({ repeat: { times: 2, steps } });
    expect(mistakesIn(file(steps))).toEqual([
      'steps.1.repeat.steps: it contains itself (a YAML alias inside of what it stands for)',
    ]);
  });

  test('a file whose nested loops have too many steps is rejected', () => {
    let steps: unknown[] = [ORDER];
    for (let level = 0; level < 6; level += 1) steps = [{ repeat: { times: 10_000, steps } }];
    expect(mistakesIn(file(steps))).toEqual(['steps.0: it comes to over 10000 steps for one card']);
  });

  test('a file that is nested too deep or has too many values is rejected', () => {
    let steps: unknown[] = [ORDER];
    for (let level = 0; level < 100; level += 1) steps = [{ repeat: { times: 1, steps } }];
    expect(mistakesIn(file(steps))[0]).toContain('nested over 32 levels deep');
    expect(mistakesIn(file(Array.from({ length: 200_000 }, () => 'order')))[0]).toContain(
      'over 100000 values',
    );
  });

  test('a file gains nothing from names that every object has', () => {
    expect(mistakesIn(file([ORDER, { toString: 1 }, 'constructor']))).toHaveLength(2);
    const variables = { toString: 'x' };
    expect(mistakesIn(file([ORDER, { produce: '${constructor}' }], { variables }))).toHaveLength(1);
  });
});

test('personal values of a file are shown in no message', () => {
  const steps = [
    {
      order: {
        cardHolderName: 7,
        phoneNumber: 'Ada Secret',
        lifetimeLimit: 'Ada Secret',
        replacementDetails: { cardToken: 'x', reason: 'Ada Secret' },
      },
    },
  ];
  const lines = mistakesIn(file(steps));
  expect(lines).toHaveLength(4);
  expect(lines.join('\n')).not.toContain('Ada');
});
