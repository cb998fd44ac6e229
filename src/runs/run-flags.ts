import { Flags, type Interfaces } from '@oclif/core';
import { unlistedFlag } from '../cards/listed-kiosk.ts';
import { failure } from '../domain/errors/failure.ts';
import { exactFlagKind, kioskFlag, numberFlag, textFlag } from '../input/flags.ts';

const MOST_CARDS = 100_000;
const MOST_AT_ONCE = 256;

/** A variable and its value. Messages omit values, which may be personal data. */
const variableFlag = exactFlagKind((pair) => {
  const [, name, value = ''] = /^([A-Za-z_][\w-]{0,63})=(.*)$/s.exec(pair) ?? [];
  if (name !== undefined) return { name, value };
  throw failure(
    'usage',
    'A --var is not NAME=VALUE.',
    'A name consists of letters, digits, _ and -, like --var kiosk=WIS00001',
  );
});

export const runFlags = {
  cards: numberFlag({
    max: MOST_CARDS,
    summary: 'Number of cards (default 1).',
    helpValue: 'N',
  }),
  data: textFlag({
    summary: 'CSV file with one card per row; its columns are variables.',
    helpValue: 'FILE',
    exclusive: ['cards'],
  }),
  var: variableFlag({
    multiple: true,
    summary: 'Value of a variable (repeatable).',
    helpValue: 'NAME=VALUE',
  }),
  kiosk: kioskFlag({
    multiple: true,
    summary: 'Kiosk to use, in turn with the others (repeatable; default: those of the context).',
    helpValue: 'ID',
  }),
  ...unlistedFlag,
  concurrency: numberFlag({
    helpGroup: 'ADVANCED',
    max: MOST_AT_ONCE,
    summary: 'Number of cards in progress at a time (default: two for each kiosk, at least 4).',
    helpValue: 'N',
  }),
  'limit-rps': Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'Maximum number of requests per second.',
    helpValue: 'N',
  }),
  'limit-rpm': Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'Maximum number of requests per minute.',
    helpValue: 'N',
  }),
  keep: Flags.boolean({
    summary: 'Do not cancel the orders at the end (in production they are never cancelled).',
  }),
  resume: textFlag({ summary: 'Continue an interrupted run.', helpValue: 'RUN' }),
};

type RunFlags = Interfaces.InferredFlags<typeof runFlags> & { yes: boolean };

/** The run that the flags and arguments request. */
export type WantedRun = RunFlags & {
  /** Name or file of the scenario; undefined to resume a run. */
  scenario: string | undefined;
  values: Readonly<Record<string, string>>;
};

/** Flags that conflict with `--resume`, because the run stores their values. */
const SETTLED = ['cards', 'data', 'kiosk', 'concurrency', 'keep'] as const;

/** Validates the combination of run flags. @throws Failure `usage` */
export function toWantedRun(scenario: string | undefined, flags: RunFlags): WantedRun {
  const { resume } = flags;
  if (scenario === undefined && resume === undefined) {
    throw failure(
      'usage',
      'Which scenario?',
      'Name a built-in one (kioskctl scenario list shows them) or a file, or resume a run: --resume RUN.',
    );
  }
  if (resume !== undefined) refuseSettled(scenario, flags);
  return { ...flags, scenario, values: toValues(flags.var ?? []) };
}

function refuseSettled(scenario: string | undefined, flags: RunFlags): void {
  const wrong = SETTLED.find((flag) => flags[flag] !== undefined && flags[flag] !== false);
  const what = scenario !== undefined ? 'A scenario' : wrong && `--${wrong}`;
  if (what === undefined) return;
  throw failure(
    'usage',
    `${what} can't be combined with --resume: a run continues with its original settings.`,
    'Leave it out, or start a new run without --resume.',
  );
}

/** Collects the variables in an object. @throws Failure `usage` for a repeated variable */
export function toValues(pairs: readonly { name: string; value: string }[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, value } of pairs) {
    if (Object.hasOwn(values, name)) {
      throw failure('usage', `--var sets ${name} twice.`, 'Set each variable once.');
    }
    values[name] = value;
  }
  return values;
}
