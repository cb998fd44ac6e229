import { Flags, type Interfaces } from '@oclif/core';
import type { Files } from '../context/files.ts';
import { failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { isLoopback } from '../domain/text/words.ts';
import { hostFlag, listenFlags, readListenOptions } from '../events/listen-flags.ts';
import { durationFlag, flagKind, portFlag, textFlag } from '../input/flags.ts';
import { GATHER_MS } from '../notices/notices.ts';
import { readNotifyFile } from '../notices/notify-targets.ts';
import { STUCK_MS } from '../notices/problem.ts';
import type { ServeOptions } from './serve.ts';

const nameFlag = flagKind((name) => {
  if (/^[\w.-]+$/.test(name)) return name;
  throw failure(
    'usage',
    `“${printable(name)}” is not a host name.`,
    'Use the name in the URL, without scheme and port: kioskctl.bank.example',
  );
});

export const serveFlags = {
  ...listenFlags,
  'notify-file': textFlag({
    summary: 'Send notices about failures and other problems to the targets in this file.',
    helpValue: 'FILE',
  }),
  'notify-after': durationFlag({
    helpGroup: 'ADVANCED',
    summary: 'Time for which equal problems are gathered before their notice (default 30s).',
    helpValue: '30s',
    dependsOn: ['notify-file'],
  }),
  'stuck-after': durationFlag({
    helpGroup: 'ADVANCED',
    summary: 'Time in progress after which a notice reports a card as stuck (default 30m).',
    helpValue: '30m',
    dependsOn: ['notify-file'],
  }),
  'admin-port': portFlag({
    summary: 'Port for board, metrics, and health and ready with details; 0 picks a free one (default 8789).',
    helpValue: 'N',
  }),
  'admin-host': hostFlag({
    helpGroup: 'ADVANCED',
    summary:
      'Address of the admin port (default 127.0.0.1). Another one needs --board-password-file or --board-auth.',
    helpValue: 'ADDRESS',
  }),
  'admin-name': nameFlag({
    helpGroup: 'ADVANCED',
    summary: 'Host name under which the admin port is called. Repeatable.',
    helpValue: 'NAME',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'accept-plans': Flags.boolean({
    summary: 'Carry out plans of retry --detach and kiosk recover --detach (docs/control-room.md).',
  }),
  'board-password-file': textFlag({
    helpGroup: 'ADVANCED',
    summary: 'File with the password for board and metrics (HTTP Basic, any user name).',
    helpValue: 'FILE',
    exclusive: ['board-auth'],
  }),
  'board-auth': Flags.option({ options: ['proxy'] as const })({
    helpGroup: 'ADVANCED',
    summary: 'A proxy in front of the admin port authenticates its users.',
    helpValue: 'proxy',
  }),
};

const PASSWORD_LIMIT_BYTES = 4 * 1024;

/** Converts flags to the options of a server. @throws Failure `usage`, `invalid-reference`, `invalid-input` */
export function readServeOptions(
  flags: Interfaces.InferredFlags<typeof serveFlags>,
  files: Files,
): Omit<ServeOptions, 'build' | 'retention' | 'notify' | 'plans'> {
  const host = flags['admin-host'] ?? '127.0.0.1';
  const file = flags['board-password-file'];
  if (!isLoopback(host) && file === undefined && flags['board-auth'] === undefined) {
    throw failure(
      'usage',
      `The admin port on ${host} would be open to the network.`,
      'Set a password with --board-password-file <FILE>, or --board-auth proxy if a proxy authenticates its users.',
    );
  }
  return {
    ...readListenOptions(flags, files),
    admin: {
      address: { host, port: flags['admin-port'] ?? 8789 },
      names: flags['admin-name'] ?? [],
      password: file === undefined ? null : readPassword(files, file),
    },
  };
}

/**
 * Reads the notify file of a server.
 * @param world.hide receives the secrets of the file
 * @returns null without one
 * @throws Failure `invalid-input`
 */
export async function readNotifyOptions(
  flags: Interfaces.InferredFlags<typeof serveFlags>,
  world: { files: Files; hide: (secret: string) => void },
): Promise<ServeOptions['notify']> {
  const {
    'notify-file': file,
    'notify-after': gather = GATHER_MS,
    'stuck-after': stuckAfter = STUCK_MS,
  } = flags;
  return file === undefined ? null : { targets: await readNotifyFile(file, world), gather, stuckAfter };
}

function readPassword(files: Files, file: string): string {
  const [password = ''] = files
    .readText(file, { limit: PASSWORD_LIMIT_BYTES, what: 'password file' })
    .split(/\r?\n/);
  if (password.trim() !== '') return password;
  throw failure(
    'invalid-input',
    `The first line of the password file ${printable(file)} is empty.`,
    'Write the password into its first line.',
  );
}
