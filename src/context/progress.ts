import type { Reading } from './clocks.ts';

/** The progress of work, for users who watch it. */
export type Progress = WaitProgress | CardsProgress;

/** The wait for one card. */
export interface WaitProgress {
  kind: 'wait';
  /** The name of the card. */
  card: string;
  /** The stage of the card; before the first read, the goal of the wait. */
  state: string;
  since: Reading;
  deadline: Reading | null;
  lastReadAt: Reading | null;
  /** The message of the latest read, if it failed. */
  outage: string | null;
}

/** Work on many cards. It stays on the screen during waits for single cards. Without counts, it ends. */
export interface CardsProgress {
  kind: 'cards';
  /** A count for each kiosk of a retry, or one count for a run. */
  counts: readonly CardCount[];
  /** The latest news. Without animation, only news are shown, not each change of a count. */
  news?: string | null;
}

export interface CardCount {
  /** The kiosk, the name of the scenario, or “Waiting”. */
  title: string;
  total: number;
  done: number;
  failed: number;
  /** The word for cards that are counted as done. */
  verb: 'produced' | 'passed' | 'ready';
  /** The number of unfinished cards by stage. */
  groups: ReadonlyMap<string, number>;
  /** The card that is being worked on, with a remark. */
  current: { card: string; note: string; since: Reading } | null;
  /** Cards per second; null if not measured. */
  perSecond: number | null;
  /** The estimated time for all cards that are left, in milliseconds; null where there is no estimate. */
  timeLeft: number | null;
}
