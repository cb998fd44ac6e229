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

/** Schema version 1. Times are virtual, in milliseconds since the epoch. */
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

/** Schema version 2: webhook deliveries and their signing key. */
export const WEBHOOK_DELIVERIES: string = SIGNING_KEY_TABLE + DELIVERIES_TABLE;

/** Schema version 3: the client to which a token was issued. */
export const TOKEN_CLIENTS = 'ALTER TABLE tokens ADD COLUMN client_id TEXT;';

/**
 * Tables that a reset clears. Subscriptions and the signing key remain, so that listeners continue to receive events.
 */
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
