import type { Reading } from './clocks.ts';

/** Progress that the terminal shows. */
export type Progress = WaitProgress | CardsProgress;

/** Progress of a wait for one card. */
export interface WaitProgress {
  kind: 'wait';
  /** Name of the card. */
  card: string;
  /** Stage of the card; before the first read, the goal of the wait. */
  state: string;
  since: Reading;
  deadline: Reading | null;
  lastReadAt: Reading | null;
  /** Error message of the latest read; null if it succeeded. */
  outage: string | null;
}

/** Progress of many cards. It stays visible during waits for single cards. Empty counts remove it. */
export interface CardsProgress {
  kind: 'cards';
  /** One count per kiosk (retry), or a single count (run). */
  counts: readonly CardCount[];
  /** Latest message. Without animation, only messages are shown, not every change of a count. */
  news?: string | null;
}

export interface CardCount {
  /** Kiosk id, scenario name, or “Waiting”. */
  title: string;
  total: number;
  done: number;
  failed: number;
  /** The word for finished cards. */
  verb: 'produced' | 'passed' | 'ready';
  /** Number of unfinished cards per stage. */
  groups: ReadonlyMap<string, number>;
  /** The card in progress, with a note. */
  current: { card: string; note: string; since: Reading } | null;
  /** Cards per second; null if not measured. */
  perSecond: number | null;
  /** Estimated time for the remaining cards, in milliseconds; null for no estimate. */
  timeLeft: number | null;
}
