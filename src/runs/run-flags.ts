import { Flags, type Interfaces } from '@oclif/core';
import { failure } from '../domain/errors/failure.ts';
import { exactFlagKind, kioskFlag, numberFlag, textFlag } from '../input/flags.ts';

const MOST_CARDS = 100_000;
const MOST_AT_ONCE = 256;

/** A variable with its value. Messages don't show values, which may be about a person. */
const variableFlag = exactFlagKind((pair) => {
  const [, name, value = ''] = /^([A-Za-z_][\w-]{0,63})=(.*)$/s.exec(pair) ?? [];
  if (name !== undefined) return { name, value };
  throw failure(
    'usage',
    'A --var is not NAME=VALUE.',
    'A name has letters, digits, _ and -: --var kiosk=WIS00001',
  );
});

export const runFlags = {
  cards: numberFlag({
    max: MOST_CARDS,
    summary: 'Carry it out for so many cards (default 1).',
    helpValue: 'N',
  }),
  data: textFlag({
    summary: 'A CSV file with a card a row; its columns are variables.',
    helpValue: 'FILE',
    exclusive: ['cards'],
  }),
  var: variableFlag({
    multiple: true,
    summary: 'The value of a variable; may be given several times.',
    helpValue: 'NAME=VALUE',
  }),
  kiosk: kioskFlag({
    multiple: true,
    summary:
      'A kiosk to use, in turn with the others; may be given several times (default: those of the context).',
    helpValue: 'ID',
  }),
  concurrency: numberFlag({
    helpGroup: 'ADVANCED',
    max: MOST_AT_ONCE,
    summary: 'So many cards at once (default: two for each kiosk, at least 4).',
    helpValue: 'N',
  }),
  'limit-rps': Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'So many requests a second at most.',
    helpValue: 'N',
  }),
  'limit-rpm': Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'So many requests a minute at most.',
    helpValue: 'N',
  }),
  keep: Flags.boolean({ summary: 'Leave the orders at its end; in production they are always left.' }),
  resume: textFlag({ summary: 'Go on with a run that was interrupted.', helpValue: 'RUN' }),
};

type RunFlags = Interfaces.InferredFlags<typeof runFlags> & { yes: boolean };

/** A run as its flags describe it. */
export type WantedRun = RunFlags & {
  /** undefined to resume. */
  scenario: string | undefined;
  values: Readonly<Record<string, string>>;
};

/** Flags that a resumed run does not accept: it continues with the stored values. */
const SETTLED = ['cards', 'data', 'kiosk', 'concurrency', 'keep'] as const;

/** Refuses contradictions between the flags of a run. @throws Failure `usage` */
export function toWantedRun(scenario: string | undefined, flags: RunFlags): WantedRun {
  const { resume } = flags;
  if (scenario === undefined && resume === undefined) {
    throw failure(
      'usage',
      'Which scenario?',
      'Name a built-in one (kioskctl scenario list shows them) or a file, or go on with a run: --resume RUN.',
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
    `${what} does not go with --resume: a run goes on with what it was begun with.`,
    'Leave it out, or begin a new run without --resume.',
  );
}

/** Makes an object of the variables. @throws Failure `usage` for one that is passed twice */
export function toValues(pairs: readonly { name: string; value: string }[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, value } of pairs) {
    if (Object.hasOwn(values, name)) {
      throw failure('usage', `--var gives ${name} twice.`, 'Give each variable once.');
    }
    values[name] = value;
  }
  return values;
}
