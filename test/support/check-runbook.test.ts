import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkRunbook } from '../../src/support/check-runbook.ts';

const production = (pages: unknown) => ({ version: 1, production: pages });

/** Where the mistakes are, and what they say. */
function mistakesOf(content: unknown): string[] {
  return checkRunbook(content).mistakes.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('a page has the trimmed texts of the team, and null for fields that it left out', () => {
  const { runbook, mistakes, warnings } = checkRunbook(
    production({ PRD_HOPPER_DOOR: { owner: ' Branch staff ', steps: 'Close it.' }, PRD_HOPPER_JAM: null }),
  );
  expect({ mistakes, warnings }).toEqual({ mistakes: [], warnings: [] });
  expect(runbook.pages).toEqual([
    {
      kind: 'production',
      code: 'PRD_HOPPER_DOOR',
      owner: 'Branch staff',
      steps: ['Close it.'],
      link: null,
      contact: null,
      retry: null,
    },
  ]);
});

test('UNKNOWN_ERROR may have a page of each kind', () => {
  const pages = { UNKNOWN_ERROR: { owner: 'us' } };
  const { runbook, mistakes } = checkRunbook({ version: 1, production: pages, request: pages });
  expect(mistakes).toEqual([]);
  expect(runbook.pages.map(({ kind }) => kind)).toEqual(['production', 'request']);
});

describe('a mistake in a runbook is reported with its path:', () => {
  test.each<[string, unknown, string]>([
    ['nothing', null, ': it is empty, not a mapping of names to values'],
    ['a list', [], ': it is a list, not a mapping of names to values'],
    ['no version', { production: {} }, ': version: 1 is missing'],
    ['another version', { version: 2 }, 'version: this version of kioskctl reads version 1 of runbooks'],
    [
      'a wrong section',
      { version: 1, requests: {} },
      'requests: there is no “requests” here: did you mean request?',
    ],
    ['a section of text', production('x'), 'production: it is text, not a mapping of names to values'],
    [
      'a wrong key',
      production({ PRD_HOPPER_DOOR: { ownr: 'x' } }),
      'production.PRD_HOPPER_DOOR.ownr: there is no “ownr” here: did you mean owner?',
    ],
    [
      'the wrong section for a code',
      production({ KIOSK_ID_NOT_FOUND: null }),
      'production.KIOSK_ID_NOT_FOUND: KIOSK_ID_NOT_FOUND is an answer to a request: it belongs below “request:”',
    ],
    [
      'a code in small letters',
      production({ prd_hopper_door: null }),
      'production.prd_hopper_door: “prd_hopper_door” is not an error code: did you mean PRD_HOPPER_DOOR or PRD_HOPPER_FULL or PRD_HOPPER_JAM?',
    ],
    [
      'no page',
      production({ PRT_PAUSED: 'x' }),
      'production.PRT_PAUSED: it is text, not a mapping of names to values',
    ],
    [
      'a number',
      production({ PRT_PAUSED: { contact: 44 } }),
      'production.PRT_PAUSED.contact: it is a number, not text: put it in quotes',
    ],
    ['empty text', production({ PRT_PAUSED: { owner: ' ' } }), 'production.PRT_PAUSED.owner: it is empty'],
    [
      'long text',
      production({ PRT_PAUSED: { owner: 'x'.repeat(1001) } }),
      'production.PRT_PAUSED.owner: it has over 1000 characters',
    ],
    [
      'a step that is none',
      production({ PRT_PAUSED: { steps: ['a', {}] } }),
      'production.PRT_PAUSED.steps.1: it is a mapping, not text',
    ],
    [
      'many steps',
      production({ PRT_PAUSED: { steps: Array.from({ length: 51 }, () => 'x') } }),
      'production.PRT_PAUSED.steps: more than 50 steps',
    ],
    [
      'a link to nowhere',
      production({ PRT_PAUSED: { link: 'javascript:x' } }),
      'production.PRT_PAUSED.link: it is not a web address (https://…)',
    ],
    [
      'a link with a password',
      production({ PRT_PAUSED: { link: 'https://a:b@x.example/' } }),
      'production.PRT_PAUSED.link: a web address here has no credentials in it',
    ],
    [
      'an unknown advice',
      production({ PRT_PAUSED: { retry: 'later' } }),
      'production.PRT_PAUSED.retry: “later” is not valid: use now, after-fix, reconcile or never',
    ],
    [
      'advice that can’t be',
      { version: 1, request: { PAN_ALREADY_EXISTS: { retry: 'now' } } },
      'request.PAN_ALREADY_EXISTS.retry: the request may have been accepted: only “reconcile” is allowed, which checks first',
    ],
  ])('a mistake in a runbook is reported with its path: %s', (_, content, mistake) => {
    expect(mistakesOf(content)).toEqual([mistake]);
  });
});

test('all mistakes of a runbook are reported together', () => {
  expect(
    mistakesOf(production({ PRT_PAUSED: { ownr: 'x', link: 'x', retry: 'x' }, oops: null })),
  ).toHaveLength(4);
});

test('an unknown code is a warning with similar codes, and keeps its page', () => {
  const { runbook, mistakes, warnings } = checkRunbook(production({ PRD_HOPER_DOOR: { owner: 'us' } }));
  expect(mistakes).toEqual([]);
  expect(warnings).toEqual([
    {
      path: ['production', 'PRD_HOPER_DOOR'],
      at: 'key',
      message: expect.stringContaining('did you mean PRD_HOPPER_DOOR'),
    },
  ]);
  expect(runbook.pages).toMatchObject([{ code: 'PRD_HOPER_DOOR' }]);
});

test('no content of a runbook file causes a crash', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (pages, page) => {
      expect(() => checkRunbook(pages)).not.toThrow();
      expect(() => checkRunbook(production(pages))).not.toThrow();
      expect(() => checkRunbook(production({ PRT_PAUSED: page }))).not.toThrow();
    }),
  );
});
