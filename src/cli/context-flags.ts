import type { SettingFlags } from './settings/sources.ts';

/** Side effects of a command: none, on the journal, on kioskctl's own settings, at Wise, or at a sandbox only. */
export type Effect = 'reads' | 'records' | 'configures' | 'writes' | 'sandbox-only';

/** Rate limits that a user sets for a command. */
export interface RateLimitFlags {
  /** Requests per second, and per minute. */
  'limit-rps'?: string | undefined;
  'limit-rpm'?: string | undefined;
}

export interface ContextFlags extends SettingFlags, RateLimitFlags {
  kiosk?: string | readonly string[] | undefined;
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
