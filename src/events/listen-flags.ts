import { Flags } from '@oclif/core';
import { type Files, readPublicKey } from '../context/files.ts';
import { Failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { parseDuration } from '../domain/times/duration.ts';
import { toPort } from '../input/flags.ts';
import { parseEventChoice } from './event-flags.ts';
import type { ListenOptions } from './listen.ts';

export const listenFlags = {
  port: Flags.string({ summary: 'The port; 0 picks a free one (default 8788).', helpValue: 'N' }),
  host: Flags.string({ summary: 'The address to listen on (default 127.0.0.1).', helpValue: 'ADDRESS' }),
  path: Flags.string({ summary: 'Where webhooks are taken (default /webhooks).', helpValue: '/PATH' }),
  'public-key': Flags.string({
    summary: "The key that signs, in PEM (default: the environment's published key).",
    helpValue: 'FILE',
  }),
  filter: Flags.string({
    summary:
      'Show and forward only these: type, card, kiosk or status. May be repeated; all events are kept.',
    helpValue: 'KIND=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'forward-to': Flags.string({
    summary: 'Send each new event on, the same bytes and headers; tried again when that fails.',
    helpValue: 'URL',
  }),
  'catch-up-since': Flags.string({
    summary: 'How far back to ask the API what was missed (default 24h); 0 asks nothing.',
    helpValue: '24h',
  }),
};

interface ListenFlags {
  port?: string | undefined;
  host?: string | undefined;
  path?: string | undefined;
  'public-key'?: string | undefined;
  filter?: string[] | undefined;
  'forward-to'?: string | undefined;
  'catch-up-since'?: string | undefined;
}

/** @throws Failure `usage`, `invalid-reference`, `invalid-input` for a key file that can't be read */
export function readListenOptions(flags: ListenFlags, files: Files): ListenOptions {
  const { host = '127.0.0.1', port = '8788', path = '/webhooks', filter = [] } = flags;
  const file = flags['public-key'];
  const target = flags['forward-to'];
  return {
    host: checkHost(host),
    port: toPort(port),
    path: checkPath(path),
    key: file === undefined ? null : readPublicKey(files, file),
    choice: parseEventChoice(filter),
    forwardTo: target === undefined ? null : toTarget(target),
    catchUp: parseDuration(flags['catch-up-since'] ?? '24h'),
  };
}

function checkHost(host: string): string {
  if (/^[\w.:-]+$/.test(host)) return host;
  throw new Failure('usage', `“${printable(host)}” is not an address to listen on.`, {
    hint: 'Give an address of this machine, like 127.0.0.1 or ::1.',
  });
}

function checkPath(path: string): string {
  if (/^\/[\w.~/-]*$/.test(path)) return path;
  throw new Failure('usage', `“${printable(path)}” is not a path.`, {
    hint: 'Give the path of the URL that is subscribed, like /webhooks.',
  });
}

function toTarget(text: string): URL {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new Failure('usage', 'The value of --forward-to is not a URL.', {
      hint: 'Give an http or https URL, like http://127.0.0.1:3000/webhooks.',
    });
  }
  if (url.username === '' && url.password === '') return url;
  throw new Failure('usage', 'The value of --forward-to has a user name or password in it.', {
    hint: 'Leave it out: the receiver knows events by their signature.',
  });
}
