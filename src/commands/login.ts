import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { login, type Way } from '../cli/credentials/login.ts';
import { renderLogin } from '../cli/credentials/login-views.ts';
import type { Context } from '../context/context.ts';
import type { Result } from '../output/result.ts';

const WAYS = [
  { way: 'client', flag: 'with-client', question: 'client id and secret of the application' },
  { way: 'refresh-token', flag: 'with-refresh-token', question: 'a refresh token of the profile' },
  { way: 'browser', flag: 'web', question: 'in the browser, as a user of Wise' },
] as const;

/** The flags for the kinds of login. Exactly one is set. */
const WAY_FLAGS = {
  'with-client': Flags.boolean({
    summary: 'Log in with client id and secret (for webhooks and to renew tokens).',
    exclusive: ['with-refresh-token', 'web'],
  }),
  'with-refresh-token': Flags.boolean({
    summary: 'Log in with a refresh token (for the cards of its profile).',
    exclusive: ['with-client', 'web'],
  }),
  web: Flags.boolean({
    summary: 'Log in on the authorization page of Wise, in a browser on this machine.',
    exclusive: ['with-client', 'with-refresh-token'],
  }),
};

type WayFlags = Partial<Record<(typeof WAYS)[number]['flag'], boolean>>;

/**
 * Returns the kind of login from a flag or a prompt.
 * @throws Failure `input-required` if no flag is set in a non-interactive session
 */
async function chooseWay(flags: WayFlags, ask: Context['ask']): Promise<(typeof WAYS)[number]['way']> {
  const chosen = WAYS.find(({ flag }) => flags[flag]);
  if (chosen) return chosen.way;
  const answer = await ask.choose('Log in with which credentials?', {
    flag: `<${WAYS.map(({ flag }) => `--${flag}`).join('|')}>`,
    choices: WAYS.map(({ question }) => question),
  });
  return WAYS.find(({ question }) => question === answer)?.way ?? 'client';
}

export default class Login extends BaseCommand {
  static override effect = 'configures' as const;
  static override summary = 'Store credentials for a context.';
  static override description =
    `Prompts for secrets without echo, or reads them from standard input; no flag takes a secret. Credentials are verified and stored in the
system keyring. Without a keyring they are stored as plain text in a file that only you can read.
A refresh token and the browser need client id and secret: log in --with-client first, or set KIOSKCTL_CLIENT_ID and KIOSKCTL_CLIENT_SECRET.`;
  static override examples = [
    { description: 'Answer prompts.', command: 'kioskctl login --context branch-sandbox' },
    {
      description: 'Store the client id and secret of the application.',
      command:
        'vault read -field=secret wise | kioskctl login --with-client --client-id my-bank --context branch-sandbox',
    },
    {
      description: 'Store a refresh token.',
      command: 'kioskctl login --with-refresh-token --context branch-sandbox < refresh-token',
    },
    {
      description: 'Log in with a browser on another machine.',
      command: 'kioskctl login --web --no-browser --context branch-sandbox',
    },
  ];
  static override flags = {
    ...WAY_FLAGS,
    'client-id': Flags.string({
      summary: 'Client id of the application; kioskctl prompts for its secret.',
      helpValue: 'ID',
    }),
    'redirect-uri': Flags.string({
      helpGroup: 'ADVANCED',
      summary: 'Redirect URI registered at Wise, for --web.',
      helpValue: 'URI',
      default: 'http://127.0.0.1:8976/callback',
    }),
    'no-browser': Flags.boolean({
      helpGroup: 'ADVANCED',
      summary: 'Print the address instead of opening a browser, for --web.',
    }),
    'plain-file': Flags.boolean({
      helpGroup: 'ADVANCED',
      summary: 'Store credentials in a plain text file, even if there is a keyring.',
    }),
    'no-input': Flags.boolean({ summary: 'Never prompt, even on a terminal.' }),
    timeout: Flags.string({
      helpGroup: 'ADVANCED',
      summary: 'Maximum time to log in, for --web (default 10m).',
      helpValue: '5m',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Login);
    const context = await this.context(flags);
    const way: Way = await chooseWay(flags, context.ask);
    const done = await login(
      { ...this.opened, io: this.io },
      {
        way,
        clientId: flags['client-id'],
        redirectUri: flags['redirect-uri'],
        openBrowser: !flags['no-browser'],
        plainFile: flags['plain-file'],
        noInput: flags['no-input'],
      },
    );
    return renderLogin(done);
  }
}
