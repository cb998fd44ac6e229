import { Flags, type Interfaces } from '@oclif/core';
import { type Files, readPublicKey } from '../context/files.ts';
import { failure, notA } from '../domain/errors/failure.ts';
import { durationFlag, flagKind, portFlag, textFlag } from '../input/flags.ts';
import { isProbePath } from '../webhooks/probes.ts';
import { parseEventChoice, receiverFlag } from './event-flags.ts';
import type { ListenOptions } from './listen.ts';

export const hostFlag = flagKind((host) => {
  if (/^[\w.:-]+$/.test(host)) return host;
  throw notA('an address to listen on', host, 'Use an address of this machine, like 127.0.0.1 or ::1.');
});

const pathFlag = flagKind((path) => {
  if (isProbePath(path)) {
    throw failure(
      'usage',
      `A server answers probes on ${path}, so webhooks can't be received there.`,
      'Use another path, like /webhooks.',
    );
  }
  if (/^\/[\w.~/-]*$/.test(path)) return path;
  throw notA('a path', path, 'Use the path of the subscribed URL, like /webhooks.');
});

export const listenFlags = {
  port: portFlag({ summary: 'Port; 0 picks a free one (default 8788).', helpValue: 'N' }),
  host: hostFlag({
    helpGroup: 'ADVANCED',
    summary: 'Address to listen on (default 127.0.0.1).',
    helpValue: 'ADDRESS',
  }),
  path: pathFlag({
    helpGroup: 'ADVANCED',
    summary: 'Path that receives webhooks (default /webhooks).',
    helpValue: '/PATH',
  }),
  'public-key': textFlag({
    helpGroup: 'ADVANCED',
    summary:
      'Public key that verifies signatures (PEM file; default: the published key). Repeatable; any key may match.',
    helpValue: 'FILE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  filter: Flags.string({
    summary:
      'Show and forward only events with this type, card, kiosk or status. Repeatable; all events are stored.',
    helpValue: 'KIND=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'forward-to': receiverFlag({
    summary: 'Forward each new event with the same bytes and headers, with retries.',
    helpValue: 'URL',
  }),
  'catch-up-since': durationFlag({
    helpGroup: 'ADVANCED',
    summary: 'Age up to which cards are checked at the API for missed events (default 24h); 0 checks none.',
    helpValue: '24h',
  }),
};

const HOURS_24 = 24 * 3_600_000;

/** Converts flags to the options of a listener. @throws Failure `usage`, `invalid-reference`, `invalid-input` */
export function readListenOptions(
  flags: Interfaces.InferredFlags<typeof listenFlags>,
  files: Files,
): ListenOptions {
  return {
    host: flags.host ?? '127.0.0.1',
    port: flags.port ?? 8788,
    path: flags.path ?? '/webhooks',
    keys: (flags['public-key'] ?? []).map((file) => readPublicKey(files, file)),
    choice: parseEventChoice(flags.filter ?? []),
    forwardTo: flags['forward-to'] ?? null,
    catchUp: flags['catch-up-since'] ?? HOURS_24,
  };
}
