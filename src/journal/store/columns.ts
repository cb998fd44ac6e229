import type { Value } from '../../database/database.ts';
import type { OwnerProcess } from '../../domain/attempt.ts';

/** Returns the column name of a field: `card_token` for `cardToken`. Quoted, because `user` is an SQL keyword. */
export function columnOf(field: string): string {
  return `"${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;
}

/**
 * Returns a SELECT list that maps columns to field names: `"card_token" AS "cardToken", …`.
 * @param options optional table name and prefix of the field names
 */
export function selectList(fields: readonly string[], { table = '', prefix = '' } = {}): string {
  const from = table && `${table}.`;
  return fields.map((field) => `${from}${columnOf(field)} AS "${prefix}${field}"`).join(', ');
}

/** Returns the columns and parameters of an INSERT: `("card_token", …) VALUES (:cardToken, …)`. */
export function insertList(fields: readonly string[]): string {
  return `(${fields.map(columnOf).join(', ')}) VALUES (${fields.map((field) => `:${field}`).join(', ')})`;
}

/** Returns the assignments of an UPDATE: `"card_token" = :cardToken, …`. */
export function assignments(fields: readonly string[]): string {
  return fields.map((field) => `${columnOf(field)} = :${field}`).join(', ');
}

/** Fields that identify the process that owns a row. */
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

/** Converts the owner's columns of a row to one field. */
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
