import { Flags } from '@oclif/core';
import type { Context } from '../context/context.ts';

const WAYS = [
  { way: 'client', flag: 'with-client', question: 'client id and secret of the application' },
  { way: 'refresh-token', flag: 'with-refresh-token', question: 'a refresh token of the profile' },
  { way: 'browser', flag: 'web', question: 'in the browser, as a user of Wise' },
] as const;

/** How somebody logs in: one of them. */
export const WAY_FLAGS = {
  'with-client': Flags.boolean({
    summary: 'Client id and secret: for webhooks, and for renewing tokens of users.',
    exclusive: ['with-refresh-token', 'web'],
  }),
  'with-refresh-token': Flags.boolean({
    summary: 'A refresh token: for the cards of its profile.',
    exclusive: ['with-client', 'web'],
  }),
  web: Flags.boolean({
    summary: "Grant access on Wise's authorization page, in a browser on this machine.",
    exclusive: ['with-client', 'with-refresh-token'],
  }),
};

type WayFlags = Partial<Record<(typeof WAYS)[number]['flag'], boolean>>;

/** @throws Failure `input-required` where no flag says it and nobody can be asked */
export async function chooseWay(flags: WayFlags, ask: Context['ask']): Promise<(typeof WAYS)[number]['way']> {
  const chosen = WAYS.find(({ flag }) => flags[flag]);
  if (chosen) return chosen.way;
  const answer = await ask.choose('Log in with what?', {
    flag: WAYS.map(({ flag }) => `--${flag}`).join(', '),
    choices: WAYS.map(({ question }) => question),
  });
  return WAYS.find(({ question }) => question === answer)?.way ?? 'client';
}
