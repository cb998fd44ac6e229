import { EXIT_CODES } from '../../domain/errors/exit-codes.ts';
import { OUTCOMES } from '../../domain/results.ts';
import { STAGES } from '../../domain/stage.ts';

import { ENVIRONMENT_VARIABLES, flagOf, SETTING_LIST } from '../settings/setting-table.ts';
import { PACE } from '../settings/settings.ts';

import type { Block } from './page.ts';
import { globalFlagRows } from './pages.ts';
import type { Surface } from './surface.ts';
import type { Topic } from './topic-names.ts';

/** Returns the help page of a topic. */
export function topicPage(topic: Topic, surface: Surface): Block[] {
  return PAGES[topic](surface);
}

const PAGES: Record<Topic, (surface: Surface) => Block[]> = {
  'exit-codes': () => [
    { text: 'The exit codes are the same with and without --json.' },
    { rows: EXIT_CODES.map(({ code, meaning }) => [String(code), meaning]) },
    {
      text: `Several cards: 0 if all are 0. Otherwise the most serious code of a card is the exit code of the command, so that an unknown outcome (8) is never hidden by a failure.`,
    },
  ],
  environment: () => [{ rows: ENVIRONMENT_VARIABLES }],
  references: () => [
    {
      text: 'A card is named by its token, by the beginning of its token, or by its order id, each with or without its profile.',
    },
    {
      heading: 'CARDS',
      rows: [
        ['501', 'Order 501 of the default profile.'],
        ['1001/501', 'Order 501 of profile 1001.'],
        ['1001L', "Order 1001, as Wise's events write it."],
        ['1001/3eb4e0f2-…', 'The whole card token.'],
        [
          '3eb4e0f2',
          'The beginning of a card token, at least 8 hexadecimal digits. The journal must have exactly one card with it. Digits only are an order id; add the hyphen (12345678-) to name a token.',
        ],
        [
          '-',
          'References from standard input, to its end: one per line, the JSON of another kioskctl command, or event bodies of Wise.',
        ],
      ],
    },
    {
      heading: 'KIOSKS',
      text: 'A kiosk id is one word of 1 to 100 printable characters, for example WIS00001.',
    },
    {
      text: 'The profile of a reference overrides the environment variable and the context. A reference without a profile uses the profile that the journal has for the card, otherwise the default profile.',
    },
  ],
  output: () => [
    {
      text: 'Results go to standard output. Progress, warnings and prompts go to standard error.',
    },
    {
      heading: 'FORMATS',
      rows: [
        ['(default)', 'Text for people. Times are local, with their offset.'],
        [
          '--json',
          'One JSON document, also for errors. Servers, watches and "events tail" print one document per line. Times are UTC.',
        ],
        ['-q, --quiet', 'References only, one per line, or nothing where there are none.'],
        [
          '--wide',
          'All columns of a table. A terminal shows those that fit; elsewhere a table has tabs and whole cells.',
        ],
        ['NO_COLOR, CI', 'No colour and no animation. Off a terminal there is none either.'],
      ],
    },
    {
      heading: 'FIELDS OF EVERY DOCUMENT',
      text: 'schemaVersion, command, context, environment and exitCode. A failure has error: {code, message, hint}. A command for one card has card; a command for several cards, a list or a selection has cards. A card has next, the command to run next, and nextArgv, the same as a list.',
    },
    { heading: 'OUTCOMES', rows: Object.entries(OUTCOMES) },
    { heading: 'STAGES', text: `${STAGES.join(', ')}.` },
  ],
  contexts: () => [
    {
      text: 'A context is a named set of settings for one environment: local (the embedded sandbox), sandbox or production. Contexts with the names of the three environments always exist. Without any configuration, commands use local.',
    },
    {
      heading: 'COMMANDS',
      lines: [
        'kioskctl context add bank --environment sandbox --profile-id 123456',
        'kioskctl context use bank',
        'kioskctl status --context bank',
        'kioskctl context show',
        'kioskctl context export bank > bank.json',
      ],
    },
    {
      heading: 'PRECEDENCE',
      text: 'Flag, environment variable, project file (.kioskctl.yaml), context, default. A project file cannot set the environment, the base URL, credentials or the journal.',
    },
    {
      heading: 'SETTINGS',
      rows: SETTING_LIST.map(({ key, flag, variable, project }) => [
        key,
        [
          `Flag --${flag ?? flagOf(key)}${flag ? '' : ' of context add'}`,
          ...(variable ? [variable[0]] : []),
          ...(project ? ['project file'] : []),
        ].join(', '),
      ]),
    },
  ],
  safety: () => [
    {
      text: 'kioskctl sends the request that produces a card at most once per attempt, and never repeats it automatically.',
    },
    {
      heading: 'BEFORE A CARD IS SENT',
      text: `The attempt is claimed in the journal: a card has at most one open attempt. The card is read, and refused if it is produced, in progress elsewhere, cancelled or too old. A kiosk on hold gets no card (kioskctl kiosk hold).`,
    },
    {
      heading: 'AFTER A LOST ANSWER',
      text: `The outcome is unknown (exit code 8). kioskctl reads the card until the request shows, or until the settle window has passed: ${Object.entries(
        PACE,
      )
        .map(([environment, { settleWindow }]) => `${environment} ${settleWindow / 1_000} s`)
        .join(', ')}. Until then, no command sends that card again.`,
    },
    {
      heading: 'PRODUCTION',
      text: 'An action in production needs a reason (--reason) and a confirmation that names the context (--confirm CONTEXT, or the prompt). --yes never confirms production. Sandbox commands are refused.',
    },
    {
      heading: 'LIMITS',
      text: 'The guarantee covers one journal. If the same card is also sent with another journal or by another system, only Wise can reject the duplicate. Keep the journal and back it up: kioskctl journal show, kioskctl journal backup FILE.',
    },
  ],
  scripting: () => [
    {
      heading: 'RULES',
      rows: [
        ['Exit code', 'Check it first: kioskctl help exit-codes'],
        ['--json', 'Read fields, not text. Changes are additive.'],
        ['--no-input, CI', 'No prompts. The error names the flag that answers a prompt.'],
        ['--yes', 'Answers prompts. Production also needs --reason TEXT --confirm CONTEXT.'],
        ['--timeout 5m', 'Limits the time for each card. A passed deadline is exit code 75.'],
        ['KIOSKCTL_TOKEN', 'Holds the access token. No flag takes a secret.'],
      ],
    },
    {
      heading: 'PIPES',
      lines: [
        'kioskctl order --json | kioskctl wait-ready - --json | kioskctl produce - --kiosk WIS00001 --json',
        "kioskctl status --failed --json | jq -r '.cards[].next'",
        'kioskctl orders --quiet | kioskctl status -',
      ],
    },
    {
      text: 'A piped error is passed on with its exit code, and nothing is sent. Cards that failed in an earlier step are skipped and keep their exit code. A document of another environment is refused.',
    },
  ],
  flags: (surface) => [
    { text: 'Every command accepts these flags. They may also be written before the command.' },
    { rows: globalFlagRows(surface) },
    {
      rows: [
        ['-h, --help', 'Show the help of the command.'],
        ['--wide', 'Show all columns of a table. Only commands with a table have it.'],
      ],
    },
  ],
};
