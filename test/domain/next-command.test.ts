import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/domain/attempt.ts';
import { type CardFacts, describeCard } from '../../src/domain/card.ts';
import { ERROR_CATALOGUE } from '../../src/domain/errors/error-catalogue.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import { completeCommands, toShell } from '../../src/domain/next-command.ts';
import { judgeAnswer, type Production } from '../../src/domain/production.ts';
import { attempt, DAY, DURING, facts, production, TOKEN } from '../harness/records.ts';

const NAME = `1001/${TOKEN}`;

function next(
  more: Partial<CardFacts>,
  { kioskId = null as KioskId | null, flags = ['--context', 'ci'] } = {},
) {
  const { next: line, nextArgv } = describeCard(facts(more), { flags, kioskId });
  return { line, argv: nextArgv };
}

const FAILED = production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' });

/** The outcome of an attempt that was refused. */
function outcomeOf(refusal: Production): Outcome {
  const verdict = judgeAnswer({ kind: 'answered', httpStatus: 422, production: refusal });
  return verdict === 'refused' || verdict === 'queued' ? verdict : 'unknown';
}

describe('the next command', () => {
  test.each<[string, Partial<CardFacts>, string | null]>([
    ['placed', { orderStatus: 'PLACED', cardToken: null }, 'wait-ready 1001/501'],
    ['requirements fulfilled', { orderStatus: 'REQUIREMENTS_FULFILLED' }, `wait-ready ${NAME}`],
    ['details created', {}, `wait-ready ${NAME}`],
    ['in progress', { production: production('IN_PROGRESS') }, `wait-produced ${NAME} --after ${DURING}`],
    [
      'accepted, not shown yet',
      { production: production('READY'), attempt: attempt('accepted') },
      `wait-produced ${NAME}`,
    ],
    ['failed', { production: FAILED }, `retry ${NAME}`],
    [
      'without an answer',
      { production: production('READY'), attempt: attempt('unknown') },
      `wait-produced ${NAME}`,
    ],
    ['unknown', { production: production('MELTED') }, `status ${NAME}`],
    ['cancelled', { orderStatus: 'CANCELLED' }, `order --like ${NAME}`],
    ['returned', { orderStatus: 'RETURNED' }, `order --like ${NAME}`],
    ['expired', { production: production('READY'), age: 61 * DAY }, `cancel ${NAME}`],
    [
      'expired, and its order is cancelled',
      { production: production('READY'), age: 61 * DAY, orderStatus: 'CANCELLED' },
      `order --like ${NAME}`,
    ],
    ['produced', { production: production('PRODUCED') }, null],
    ['completed', { orderStatus: 'COMPLETED' }, null],
  ])('of a card that is %s', (_, card, command) => {
    const { line, argv } = next(card);
    expect(line).toBe(command && `kioskctl ${command} --context ci`);
    expect(argv).toEqual(command && ['kioskctl', ...command.split(' '), '--context', 'ci']);
  });

  test.each(ERROR_CATALOGUE)(
    'the next command after $kind error $code is never an order',
    ({ kind, code }) => {
      const failed = production(kind === 'request' ? 'REQUEST_ERROR' : 'PRODUCTION_ERROR', {
        errorCode: code,
      });
      const outcome = kind === 'request' ? outcomeOf(failed) : 'failed';
      const shown = kind === 'request' ? production('READY') : failed;
      expect(next({ production: shown, attempt: attempt(outcome, { production: failed }) }).line).toMatch(
        /^kioskctl (retry|wait-produced) /,
      );
    },
  );

  test('the next command of a ready card has the kiosk, or a placeholder', () => {
    const ready = { production: production('READY') };
    expect(next(ready, { kioskId: parseKioskId('WIS00002') })).toEqual({
      line: `kioskctl produce ${NAME} --kiosk WIS00002 --context ci`,
      argv: ['kioskctl', 'produce', NAME, '--kiosk', 'WIS00002', '--context', 'ci'],
    });
    expect(next(ready)).toEqual({
      line: `kioskctl produce ${NAME} --kiosk <KIOSK> --context ci`,
      argv: null,
    });
  });

  test('the next command of a failed card without a known kiosk has a placeholder for one', () => {
    const lost = { production: production('PRODUCTION_ERROR', { kioskId: null, errorCode: 'PRD_TIMEOUT' }) };
    expect(next(lost)).toEqual({
      line: `kioskctl retry ${NAME} --to-kiosk <KIOSK> --context ci`,
      argv: null,
    });
    expect(next({ ...lost, attempt: attempt('failed') }).argv).toEqual([
      'kioskctl',
      'retry',
      NAME,
      '--context',
      'ci',
    ]);
  });

  test('the next command is quoted for a shell', () => {
    const { line, argv } = next(
      {},
      { flags: ['--context', "the bank's", '--base-url', 'http://127.0.0.1:1/a b'] },
    );
    expect(line).toContain(`--context "the bank's"`);
    expect(argv?.slice(-4)).toEqual(['--context', "the bank's", '--base-url', 'http://127.0.0.1:1/a b']);
  });

  test('the next command has no time that kioskctl could not read', () => {
    const blurred = { production: production('IN_PROGRESS', { occurredAt: '2024-01-01T12:24:560Z' }) };
    expect(next(blurred).line).toBe(`kioskctl wait-produced ${NAME} --context ci`);
  });

  test('a card without token and order has no next command', () => {
    const nothing = { orderId: null, cardToken: null, orderStatus: null, age: null };
    expect(JSON.stringify(next(nothing))).not.toContain('1001/null');
  });
});

describe('a command for a shell', () => {
  test('a POSIX shell reads a quoted command back as the same list', () => {
    // Any character, that is, but NUL and halves of surrogate pairs, which no argument can have.
    const character = fc
      .integer({ min: 1, max: 0x10ffff })
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code));
    const word = fc
      .oneof(
        fc.array(character, { maxLength: 12 }).map((characters) => characters.join('')),
        fc.string({ maxLength: 20 }),
        fc.constantFrom(
          '',
          ' ',
          "'",
          '"',
          '\\',
          '$HOME',
          '`id`',
          '!!',
          '*',
          '~',
          '#',
          '-n',
          '\n',
          'a\tb',
          '{a,b}',
          'é',
          '1001/501',
        ),
      )
      .filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (argv) => {
        const output = execFileSync('sh', ['-c', `printf '%s\\0' ${toShell(argv)}`]);
        expect(output.toString('utf8').split('\0').slice(0, -1)).toEqual(argv);
      }),
      { numRuns: 40 },
    );
  });

  test('plain words are not quoted', () => {
    expect(toShell(['kioskctl', 'produce', NAME, '--after', DURING])).toBe(
      `kioskctl produce ${NAME} --after ${DURING}`,
    );
  });
});

describe('commands in a text', () => {
  const invocation = { flags: ['--context', 'ci'], profileFlag: ['--profile-id', '1002'] };

  test.each([
    ['List them: kioskctl events list', 'List them: kioskctl events list --context ci'],
    ['Run kioskctl login, or wait.', 'Run kioskctl login --context ci, or wait.'],
    [
      'Save them: kioskctl events export > a.ndjson',
      'Save them: kioskctl events export --context ci > a.ndjson',
    ],
    ['kioskctl webhooks create --url <URL>', 'kioskctl webhooks create --url <URL> --context ci'],
    [
      "kioskctl cancel 1001/501 --reason 'a b'. Then wait.",
      "kioskctl cancel 1001/501 --reason 'a b' --context ci. Then wait.",
    ],
    [
      'List all programs: kioskctl programs',
      'List all programs: kioskctl programs --profile-id 1002 --context ci',
    ],
    ['kioskctl order --like 1001/501', 'kioskctl order --like 1001/501 --context ci'],
    [
      'Complete it: kioskctl journal move --from /data/journal.db',
      'Complete it: kioskctl journal move --from /data/journal.db --context ci',
    ],
    [
      'See kioskctl log --since 2026-12-01T00:00:00.000Z. Then wait (kioskctl log --run r.1:2).',
      'See kioskctl log --since 2026-12-01T00:00:00.000Z --context ci. Then wait (kioskctl log --run r.1:2 --context ci).',
    ],
  ])('“%s” gets the context of the running command', (text, complete) => {
    expect(completeCommands(text, invocation)).toBe(complete);
    expect(completeCommands(complete, invocation)).toBe(complete);
  });

  test.each([
    'kioskctl status 1001/501 --context other',
    'kioskctl listen --environment sandbox, or poll.',
    'kioskctl context add <NAME> --environment sandbox',
    'kioskctl explain lists all codes.',
    'kioskctl sandbox fault --help',
    'If kioskctl ordered it, wait.',
    'kioskctl retries nothing.',
    'Line 1: “$ kioskctl order --from w/card.yaml --json” is no reference.',
  ])('“%s” stays as it is', (text) => {
    expect(completeCommands(text, invocation)).toBe(text);
  });
});
