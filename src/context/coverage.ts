import { formatDuration } from '../domain/times/duration.ts';
import { utcTime } from '../domain/times/vendor-time.ts';

/** Time span in which a webhook listener ran. All times of this file are milliseconds since the epoch. */
export interface Presence {
  startedAt: number;
  heartbeatAt: number;
  /** null while the listener is running, and if it was killed. */
  endedAt: number | null;
}

export interface Span {
  from: number;
  to: number;
}

/**
 * The parts of a time range with and without a running listener. The journal has an event from a gap only if Wise
 * retried its delivery.
 */
export interface Coverage {
  /** Start of the range; null only if the range has no start, and no listener has ever run. */
  from: number | null;
  to: number;
  listened: Span[];
  gaps: Span[];
}

/** The journal's coverage, with the times of its first and last event. Failures within a gap may be missing. */
export interface Covered {
  coverage: Coverage;
  /** Arrival times of the first and the last event; null without events. */
  firstEventAt: number | null;
  lastEventAt: number | null;
  isListenedTo: boolean;
}

interface CoverageOptions {
  /** Start of the range; null to begin with the start of the first listener. */
  from: number | null;
  to: number;
  now: number;
  /** True if a listener is running: coverage then extends from its last heartbeat to now. */
  isListenedTo: boolean;
}

/** Computes the coverage of a time range. @param presences spans of listeners, in any order; they may overlap */
export function coverageOf(
  presences: readonly Presence[],
  { from, to, now, isListenedTo }: CoverageOptions,
): Coverage {
  const spans = presences.map(({ startedAt, heartbeatAt, endedAt }) => ({
    from: startedAt,
    to: endedAt ?? heartbeatAt,
  }));
  const open = presences.filter(({ endedAt }) => endedAt === null);
  const latest = open.toSorted((left, right) => right.heartbeatAt - left.heartbeatAt)[0];
  if (isListenedTo && latest) spans.push({ from: latest.startedAt, to: Math.max(latest.heartbeatAt, now) });
  const start = from ?? spans.reduce<number | null>((least, span) => Math.min(least ?? to, span.from), null);
  if (start === null) return { from: null, to, listened: [], gaps: [] };
  const listened = joined(spans)
    .map((span) => ({ from: Math.max(span.from, start), to: Math.min(span.to, to) }))
    .filter((span) => span.from < span.to);
  return { from: start, to, listened, gaps: between(listened, { from: start, to }) };
}

/** Converts a coverage to its JSON form. Times are ISO 8601 in UTC. */
export function toCoverageDocument({ from, to, listened, gaps }: Coverage) {
  return {
    from: utcTime(from),
    to: utcTime(to),
    listened: listened.map(toIso),
    gaps: gaps.map(toIso),
  };
}

export type CoverageDocument = ReturnType<typeof toCoverageDocument>;

/** Converts a coverage and the times of its events to their JSON form. */
export function toCoveredDocument({ coverage, firstEventAt, lastEventAt, isListenedTo }: Covered) {
  return {
    ...toCoverageDocument(coverage),
    firstEventAt: utcTime(firstEventAt),
    lastEventAt: utcTime(lastEventAt),
    listening: isListenedTo,
  };
}

const GAPS_SHOWN = 3;

/** Describes a coverage for users. @param time formats a time */
export function describeCoverage(
  { from, to, listened, gaps }: Coverage,
  time: (milliseconds: number) => string,
): string {
  if (from === null || listened.length === 0) {
    return `No webhook listener ran${from === null ? ' yet' : ' in this period'}, so events from Wise are missing.`;
  }
  if (gaps.length === 0)
    return `A webhook listener ran for the whole period, from ${time(from)} to ${time(to)}.`;
  const total = listened.reduce((sum, span) => sum + span.to - span.from, 0);
  const latest = gaps.slice(-GAPS_SHOWN).map((gap) => `${time(gap.from)} to ${time(gap.to)}`);
  const others = gaps.length > latest.length ? ` and ${gaps.length - latest.length} earlier` : '';
  return `A webhook listener ran for ${formatDuration(total)} of ${formatDuration(to - from)}. Gaps: ${latest.join(', ')}${others}.`;
}

function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans.toSorted((left, right) => left.from - right.from)) {
    const last = result.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else result.push({ ...span });
  }
  return result;
}

function between(listened: readonly Span[], { from, to }: Span): Span[] {
  const starts = [from, ...listened.map((span) => span.to)];
  const ends = [...listened.map((span) => span.from), to];
  return starts
    .map((start, index) => ({ from: start, to: ends[index] ?? to }))
    .filter((gap) => gap.from < gap.to);
}

function toIso(span: Span): { from: string; to: string } {
  return { from: utcTime(span.from), to: utcTime(span.to) };
}
