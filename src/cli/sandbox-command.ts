import { Flags } from '@oclif/core';
import type { Context } from '../context/context.ts';
import { failure } from '../domain/errors/failure.ts';
import { flagKind, numberFlag } from '../input/flags.ts';
import type { Sandbox, SandboxOptions } from '../sandbox/sandbox.ts';
import { BaseCommand } from './base-command.ts';
import { openSandbox } from './open-context.ts';
import { toSpeed } from './settings/setting-values.ts';
import { readText } from './terminal/read-text.ts';

/** The flag of commands on the state of the embedded sandbox. */
export const stateFlag = {
  state: Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'State file (default: the one of the local context).',
    helpValue: 'FILE',
  }),
};

/** Flags for serving HTTPS. */
export const tlsFlags = {
  'tls-cert': Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'Serve https with this certificate (PEM).',
    helpValue: 'FILE',
    dependsOn: ['tls-key'],
  }),
  'tls-key': Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'Private key of the certificate (PEM).',
    helpValue: 'FILE',
    dependsOn: ['tls-cert'],
  }),
};

export const seedFlag = {
  seed: numberFlag({
    helpGroup: 'ADVANCED',
    what: 'a seed',
    min: 0,
    max: 999_999_999,
    hint: 'Use a whole number, like 42.',
    summary: 'Seed for reproducible ids.',
    helpValue: 'N',
  }),
};

export const speedFlag = flagKind(toSpeed);

interface SandboxFlags {
  state?: string | undefined;
  seed?: number | undefined;
  speed?: number | undefined;
  kiosks?: number | undefined;
  'rate-limits'?: boolean;
  'no-callback-check'?: boolean;
  'tls-cert'?: string | undefined;
  'tls-key'?: string | undefined;
}

/** Base class of the commands on the embedded sandbox itself. */
export abstract class SandboxCommand extends BaseCommand {
  static override effect = 'sandbox-only' as const;

  /** True, because the state of the sandbox is changed without requests. */
  protected override get mayHaveChanged(): boolean {
    return true;
  }

  /** Opens the sandbox, runs `work`, and closes the sandbox. @throws Failure `usage` outside `local` */
  protected async withSandbox<Result>(
    flags: SandboxFlags & Parameters<BaseCommand['context']>[0],
    work: (sandbox: Sandbox, context: Context) => Result | Promise<Result>,
  ): Promise<Result> {
    const context = await this.context(flags);
    if (context.environment !== 'local') {
      throw failure(
        'usage',
        `The embedded sandbox is environment local, not ${context.environment}.`,
        'Add --context local: environment variables or settings select another environment.',
      );
    }
    const sandbox = await openSandbox(this.opened.settings, toChoice(flags));
    try {
      return await work(sandbox, context);
    } finally {
      await sandbox.close();
    }
  }
}

/** Maximum size of a PEM file. A certificate with its chain needs far less. */
const LONGEST_PEM = 256 * 1024;

function readPem(file: string): Buffer {
  return Buffer.from(readText(file, { limit: LONGEST_PEM, what: 'PEM file' }));
}

function toChoice({
  state,
  speed,
  kiosks,
  seed,
  'rate-limits': rateLimits,
  'no-callback-check': noCallbackCheck = false,
  'tls-cert': cert,
  'tls-key': key,
}: SandboxFlags): Partial<SandboxOptions> {
  return {
    ...(state !== undefined && { stateFile: state }),
    ...(speed !== undefined && { speed }),
    kiosks,
    seed,
    rateLimits,
    callbackCheck: !noCallbackCheck,
    ...(cert !== undefined && key !== undefined && { tls: { cert: readPem(cert), key: readPem(key) } }),
  };
}
