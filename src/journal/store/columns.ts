import type { Value } from '../../database/database.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';

/** The column of a field: `card_token` of `cardToken`, quoted because `user` is a word of SQL. */
export function columnOf(field: string): string {
  return `"${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;
}

/** Lists columns under the names of their fields, with an optional prefix: `"card_token" AS "cardToken", …`. */
export function selectList(fields: readonly string[], { table = '', prefix = '' } = {}): string {
  const from = table && `${table}.`;
  return fields.map((field) => `${from}${columnOf(field)} AS "${prefix}${field}"`).join(', ');
}

/** Lists columns and parameters of an insert: `("card_token", …) VALUES (:cardToken, …)`. */
export function insertList(fields: readonly string[]): string {
  return `(${fields.map(columnOf).join(', ')}) VALUES (${fields.map((field) => `:${field}`).join(', ')})`;
}

/** Lists the assignments of an update: `"card_token" = :cardToken, …`. */
export function assignments(fields: readonly string[]): string {
  return fields.map((field) => `${columnOf(field)} = :${field}`).join(', ');
}

/** The fields that name the process that owns a row. */
export const OWNER_FIELDS = [
  'holderHost',
  'holderUser',
  'holderPid',
  'holderStartedAt',
  'holderBoot',
  'holderNamespace',
] as const;

export interface OwnerRow {
  holderHost: string;
  holderUser: string;
  holderPid: number;
  holderStartedAt: string | null;
  holderBoot: string | null;
  holderNamespace: string | null;
}

export function ownerColumns(owner: OwnerProcess): OwnerRow & Record<string, Value> {
  const { host, user, pid, startedAt, boot, namespace } = owner;
  return {
    holderHost: host,
    holderUser: user,
    holderPid: pid,
    holderStartedAt: startedAt,
    holderBoot: boot,
    holderNamespace: namespace,
  };
}

/** Returns a row with its owner as one field. */
export function withOwner<Row extends OwnerRow>(
  row: Row,
): Omit<Row, keyof OwnerRow> & { owner: OwnerProcess } {
  const {
    holderHost: host,
    holderUser: user,
    holderPid: pid,
    holderStartedAt: startedAt,
    holderBoot: boot,
    holderNamespace: namespace,
    ...fields
  } = row;
  return { ...fields, owner: { host, user, pid, startedAt, boot, namespace } };
}
