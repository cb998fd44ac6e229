import type { Reading } from './clocks.ts';

/** The progress of work, for users who watch it. */
export type Progress = WaitProgress | CardsProgress;

/** The wait for one card. */
export interface WaitProgress {
  kind: 'wait';
  /** `PROFILE/TOKEN` or `PROFILE/ORDER`. */
  card: string;
  /** The stage of the card, or what is waited for before it was read. */
  state: string;
  since: Reading;
  deadline: Reading | null;
  lastReadAt: Reading | null;
  /** The message of the latest read, if it failed. */
  outage: string | null;
}

/** Work on many cards. It stays while single cards are waited for; without counts, it ends. */
export interface CardsProgress {
  kind: 'cards';
  /** One for each kiosk of a retry, one for a run. */
  counts: readonly CardCount[];
  /** The latest news. Where nothing can move, it is shown instead of each change of a count. */
  news?: string | null;
}

export interface CardCount {
  /** The kiosk, or the name of the scenario. */
  title: string;
  total: number;
  done: number;
  failed: number;
  /** The word for cards that are counted as done. */
  verb: 'produced' | 'passed';
  /** The number of unfinished cards by stage. */
  groups: ReadonlyMap<string, number>;
  /** The card that is being worked on, with a remark. */
  current: { card: string; note: string; since: Reading } | null;
  /** Cards per second; null if not measured. */
  perSecond: number | null;
  /** The estimated time for all cards that are left, in milliseconds; null where there is no estimate. */
  timeLeft: number | null;
}
