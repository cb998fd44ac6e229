import { Flags, type Interfaces } from '@oclif/core';
import { failure } from '../domain/errors/failure.ts';
import type { KioskId } from '../domain/ids.ts';
import { exactFlagKind, kioskFlag, numberFlag, textFlag } from '../input/flags.ts';
import { distinct } from '../kiosks/kiosk-flags.ts';

export const MOST_CARDS = 100_000;
const MOST_AT_ONCE = 256;

/** The value may be personal: messages name the variable only. */
const variableFlag = exactFlagKind((pair) => {
  const [, name, value = ''] = /^([A-Za-z_][\w-]{0,63})=(.*)$/s.exec(pair) ?? [];
  if (name !== undefined) return { name, value };
  throw failure(
    'usage',
    'A --var is not NAME=VALUE.',
    'A name has letters, digits, _ and -: --var kiosk=WIS00001',
  );
});

/** Flags for the input of a run. */
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
    max: MOST_AT_ONCE,
    summary: 'So many cards at once (default: two for each kiosk, at least 4).',
    helpValue: 'N',
  }),
  'limit-rps': Flags.string({ summary: 'So many requests a second at most.', helpValue: 'N' }),
  'limit-rpm': Flags.string({ summary: 'So many requests a minute at most.', helpValue: 'N' }),
  keep: Flags.boolean({ summary: 'Leave the orders at its end; in production they are always left.' }),
  resume: textFlag({ summary: 'Go on with a run that was interrupted.', helpValue: 'RUN' }),
};

type RunFlags = Interfaces.InferredFlags<typeof runFlags> & { yes: boolean };

/** The run that the flags describe. */
export interface WantedRun {
  /** null to resume. */
  scenario: string | null;
  resume: string | null;
  /** null: one, or as many as the data have rows. */
  cards: number | null;
  dataFile: string | null;
  values: Readonly<Record<string, string>>;
  kiosks: KioskId[] | null;
  concurrency: number | null;
  keep: boolean;
  yes: boolean;
}

/** Flags that a resumed run does not accept, because they are stored. */
const SETTLED = ['cards', 'data', 'kiosk', 'concurrency', 'keep'] as const;

/** @throws Failure `usage` for what contradicts itself, or is no number */
export function toWantedRun(scenario: string | undefined, flags: RunFlags): WantedRun {
  const { resume = null } = flags;
  if (scenario === undefined && resume === null) {
    throw failure(
      'usage',
      'Which scenario?',
      'Name a built-in one (kioskctl scenarios lists them) or a file, or go on with a run: --resume RUN.',
    );
  }
  if (resume !== null) refuseSettled(scenario, flags);
  return {
    scenario: scenario ?? null,
    resume,
    cards: flags.cards ?? null,
    dataFile: flags.data ?? null,
    values: toValues(flags.var ?? []),
    kiosks: flags.kiosk ? distinct(flags.kiosk) : null,
    concurrency: flags.concurrency ?? null,
    keep: flags.keep,
    yes: flags.yes,
  };
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

/** @throws Failure `usage` for a variable that is given twice */
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
