// The report of doctor for people outside the team.
import { describe, expect, test } from 'vitest';
import { redactChecks, renderReport, withoutNames } from '../../src/support/doctor-report.ts';

const WORDS = [
  { word: 'bank', shown: '[context]' },
  { word: 'bank-berlin', shown: '[context]' },
  { word: '77', shown: '[profile]' },
  { word: 'ada', shown: '[user]' },
  { word: '/home/Ada Lovelace', shown: '~' },
];

describe('names, ids, addresses and paths are removed', () => {
  test.each([
    ['bank-berlin, environment sandbox, profile 77', '[context], environment sandbox, [profile]'],
    ['/home/ada/.config/kioskctl/config.json: mode 0644', '[path]/config.json: mode 0644'],
    ['/home/Ada Lovelace/kioskctl/journal.db: none', '~[path]/journal.db: none'],
    [String.raw`C:\Users\Ada Lovelace\kioskctl\journal.db`, String.raw`[path]\journal.db`],
    ['https://api.bank.example/v3 without a proxy', 'https://[server]/v3 without a proxy'],
    ['https://api.wise.com without a proxy', 'https://api.wise.com without a proxy'],
    ['https://api.wise.com.evil.example/x', 'https://[server]/x'],
    ['postgres://ada@db.internal:5432/kiosk', 'postgres://[server]/kiosk'],
    ['db.hooks.bank.example resolves to 10.20.30.40', '[server] resolves to [address]'],
    ['fe80:0:0:0:1:2:3:4 answers', '[address] answers'],
    ['card 3eb4e0f2-7f3c-4d0e-9d1b-0c2f4b1a9e57 of order 40123', 'card [id] of order [number]'],
    ['answers within 8617 ms since 2026-11-30 10:15:00', 'answers within 8617 ms since 2026-11-30 10:15:00'],
    ['kioskctl 1.0.0, Node 24.21.0, linux x64', 'kioskctl 1.0.0, Node 24.21.0, linux x64'],
    ['Write to ada.example@bank.example', 'Write to [e-mail]'],
    ['Bearer abc.def-123', 'Bearer [redacted]'],
  ])('%s', (text, expected) => {
    expect(withoutNames(text, WORDS).replace('profile [profile]', '[profile]')).toBe(expected);
  });
});

test('a report is a table in Markdown with the code of a failure, and has no details of errors', () => {
  const error = { code: 'unreachable', message: 'db.x.bank.example | gone', hint: 'Ask ada.', details: {} };
  const checks = redactChecks(
    [{ name: 'api', status: 'failed', message: error.message, hint: error.hint, exitCode: 7, error }],
    WORDS,
  );
  expect(checks[0]?.error).toEqual({ code: 'unreachable', message: '[server] | gone', hint: 'Ask [user].' });
  expect(renderReport(checks, 'sandbox')).toBe(
    String.raw`| check | status | message |
| --- | --- | --- |
| api | failed (unreachable) | [server] \| gone |

Environment: sandbox.
`,
  );
});
