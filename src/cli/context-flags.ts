import { Flags } from '@oclif/core';
import type { RateLimitFlags } from './settings/rate-limit-settings.ts';
import type { SettingFlags } from './settings/sources.ts';

/**
 * What a command does to the world: only looks, keeps what it is told in the journal, changes only what kioskctl itself
 * is set up with, changes something, or something that only a sandbox has.
 */
export type Effect = 'reads' | 'records' | 'configures' | 'writes' | 'sandbox-only';

export interface ContextFlags extends SettingFlags, RateLimitFlags {
  quiet?: boolean;
  verbose?: boolean;
  debug?: boolean;
  reason?: string | undefined;
  confirm?: string | undefined;
  yes?: boolean;
  'no-input'?: boolean;
  'token-file'?: string | undefined;
  'token-stdin'?: boolean;
  runbook?: string | undefined;
}

/** The settings of a context that no global flag names, as flags. */
export const contextFlags = {
  kiosks: Flags.string({ summary: 'Its kiosks, with commas between them.', helpValue: 'ID,ID' }),
  kiosk: Flags.string({ summary: 'Which of them is meant when none is named.', helpValue: 'ID' }),
  program: Flags.string({ summary: 'The card program of its orders.', helpValue: 'NAME' }),
  'api-version': Flags.string({
    summary: 'legacy, or a calendar version like 2026Q4.',
    helpValue: 'VERSION',
  }),
  'client-key': Flags.string({
    summary: 'What the vendor calls the application that subscribes to webhooks.',
    helpValue: 'KEY',
  }),
  'credential-command': Flags.string({
    summary:
      "A program that prints a profile's token, as a JSON list of its words; {profileId} stands for it.",
    helpValue: 'JSON',
  }),
  certificate: Flags.string({
    summary: 'For mutual TLS: the files of the certificate and its key, in PEM.',
    helpValue: 'CERTFILE,KEYFILE',
  }),
  runbook: Flags.string({ summary: "The file of the team's runbook.", helpValue: 'FILE' }),
  'public-key': Flags.string({
    summary: 'The file of the key with which webhooks are signed, where it is not the published one.',
    helpValue: 'FILE',
  }),
};
