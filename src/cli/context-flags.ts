import type { CeilingFlags } from './settings/rate-limit-settings.ts';
import type { SettingFlags } from './settings/sources.ts';

/**
 * What a command does to the world: only looks, keeps what it is told in the journal, changes only what kioskctl itself
 * is set up with, changes something, or something that only a sandbox has.
 */
export type Effect = 'reads' | 'records' | 'configures' | 'writes' | 'sandbox-only';

export interface ContextFlags extends SettingFlags, CeilingFlags {
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
