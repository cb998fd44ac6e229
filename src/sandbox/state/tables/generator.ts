import { createHash } from 'node:crypto';
import type { Database } from '../../../database/sqlite.ts';
import { countDraw, type SandboxRow } from './sandbox-row.ts';

/** Draws a UUID (version 4 shape) from the seed: the same seed and the same requests give the same ids. */
export function drawUuid(db: Database): string {
  const hex = draw(db);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0b11) | 0b1000).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Draws the last four digits of a card number. */
export function drawFourDigits(db: Database): string {
  return String(Number.parseInt(draw(db).slice(0, 8), 16) % 10_000).padStart(4, '0');
}

/**
 * A trace id (32 hex digits) for one answer. It is computed and not drawn, because a draw writes to the state, which
 * a plain read must not do.
 * @param occasion what tells this answer from every other: time, number, request
 */
export function traceIdOf({ seed, draws }: SandboxRow, occasion: readonly (string | number)[]): string {
  return sha256(JSON.stringify(['trace', seed, draws, ...occasion])).slice(0, 32);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function draw(db: Database): string {
  const { seed, draws } = countDraw(db);
  return sha256(`${seed}:${draws}`);
}
