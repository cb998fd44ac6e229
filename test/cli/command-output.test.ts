import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { CommandOutput } from '../../src/cli/command-output.ts';
import { failure } from '../../src/domain/errors/failure.ts';

const written: string[] = [];

beforeEach(() => {
  written.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

function interrupted() {
  const ending = failure('interrupted', 'Interrupted.', 'Run it again.');
  return { exitCode: ending.exitCode, document: ending.toDocument() };
}

const done = { exitCode: 0, document: { cards: [] }, text: () => '' } as const;

test('a signal after the result of a command was printed adds no document and leaves its exit code', async () => {
  const output = new CommandOutput(['--json'], 'produce');
  await output.show(done, { isStream: false, printsIds: false });
  expect(output.fail(interrupted())).toBe(false);
  expect(written.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ exitCode: 0, cards: [] }]);
  expect(process.exitCode).toBe(0);
});

test('the text of a result is printed without making its document, which may take long', async () => {
  const output = new CommandOutput([], 'sandbox');
  const make = vi.fn(() => ({}));
  const result = {
    exitCode: 0,
    get document() {
      return make();
    },
    text: () => 'ready\n',
  } as const;
  await output.show(result, { isStream: true, printsIds: false });
  expect([written, make.mock.calls]).toEqual([['ready\n'], []]);
});

test('two failures of one command are one document', () => {
  const output = new CommandOutput(['--json'], 'produce');
  expect(output.fail(interrupted())).toBe(true);
  expect(output.fail(interrupted())).toBe(false);
  expect(written).toHaveLength(1);
});

test('a signal between the documents of a stream is its last document', async () => {
  const output = new CommandOutput(['--json'], 'status');
  await output.show(done, { isStream: true, printsIds: false });
  expect(output.fail(interrupted())).toBe(true);
  expect(written).toHaveLength(2);
});

test('a failure of a command without a context shows no secret of the environment', () => {
  vi.stubEnv('KIOSKCTL_TOKEN', 'plain-words-1');
  vi.stubEnv('KIOSKCTL_CLIENT_SECRET', 'plain-words-2\n');
  vi.stubEnv('KIOSKCTL_JOURNAL_PASSWORD', 'plain-words-3');
  onTestFinished(() => void vi.unstubAllEnvs());
  const bug = failure('internal-error', 'It was plain-words-1.', 'Or plain-words-2, plain-words-3.');
  new CommandOutput(['--json'], 'explain').fail({ exitCode: bug.exitCode, document: bug.toDocument() });
  const [line = ''] = written;
  expect(JSON.parse(line)).toMatchObject({
    error: { message: 'It was [redacted].', hint: 'Or [redacted], [redacted].' },
  });
});
