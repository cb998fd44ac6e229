import { CARDS_TABLE } from './cards.ts';
import { SANDBOX_TABLE } from './clock.ts';
import { DELIVERIES_TABLE, OUTBOX_TABLE } from './deliveries.ts';
import { FAULTS_TABLE } from './faults.ts';
import { ORDERS_TABLE } from './orders.ts';
import { DUE_TABLE, PRODUCTIONS_TABLE } from './productions.ts';
import { PROFILES_TABLES } from './profiles.ts';
import { REQUESTS_TABLE } from './request-log.ts';
import { SUBSCRIPTIONS_TABLE } from './subscriptions.ts';
import { SIGNING_KEY_TABLE, TOKENS_TABLE } from './tokens.ts';

/** Version 1 of the state file. Times are milliseconds of the virtual clock since the epoch. */
export const SANDBOX_STATE: string = [
  SANDBOX_TABLE,
  PROFILES_TABLES,
  ORDERS_TABLE,
  CARDS_TABLE,
  PRODUCTIONS_TABLE,
  DUE_TABLE,
  FAULTS_TABLE,
  TOKENS_TABLE,
  SUBSCRIPTIONS_TABLE,
  OUTBOX_TABLE,
  REQUESTS_TABLE,
].join('');

/** Version 2 adds the deliveries of webhooks, and the key that signs them. */
export const WEBHOOK_DELIVERIES: string = SIGNING_KEY_TABLE + DELIVERIES_TABLE;

/** Version 3 adds the client to which a token was issued. */
export const TOKEN_CLIENTS = 'ALTER TABLE tokens ADD COLUMN client_id TEXT;';

/** The tables that a reset empties. Subscriptions and the signing key stay, so that listeners receive the new events. */
export const RESET_TABLES = [
  'sandbox',
  'profiles',
  'profile_requirements',
  'orders',
  'order_requirements',
  'cards',
  'productions',
  'due',
  'faults',
  'tokens',
  'outbox',
  'deliveries',
  'requests',
] as const;
