import { Violation } from './truth.ts';

interface Entry {
  at: number;
  number: number;
  act: () => void | Promise<void>;
}

/** Maximum number of events at one moment, and of a schedule. The largest schedules have a tenth of them. */
const MOST_AT_ONCE = 10_000;
const MOST_EVENTS = 200_000;

/** The simulated time in milliseconds, with events in chronological order. */
export class Timeline {
  now = 0;
  /** Number of executed events. */
  events = 0;
  #atOnce = 0;
  #number = 0;
  readonly #heap: Entry[] = [];

  after(milliseconds: number, act: Entry['act']): void {
    this.at(this.now + milliseconds, act);
  }

  at(time: number, act: Entry['act']): void {
    const entry = { at: Math.max(time, this.now), number: (this.#number += 1), act };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  /** Executes the next event. @returns false if there is none before `until` @throws Violation if they never end */
  async next(until = Number.POSITIVE_INFINITY): Promise<boolean> {
    const [first] = this.#heap;
    if (!first || first.at > until) return false;
    const last = this.#heap.pop();
    if (last && last !== first) {
      this.#heap[0] = last;
      this.#sink();
    }
    this.#atOnce = first.at > this.now ? 0 : this.#atOnce + 1;
    this.now = first.at;
    this.events += 1;
    if (this.#atOnce > MOST_AT_ONCE) throw new Violation('the simulated time stands still');
    if (this.events > MOST_EVENTS) throw new Violation('the schedule never ends');
    await first.act();
    return true;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2])
        if (isBefore(heap[child], heap[least])) least = child;
      if (least === index) return;
      swap(heap, index, least);
      index = least;
    }
  }
}

function isBefore(left: Entry | undefined, right: Entry | undefined): boolean {
  if (!left || !right) return false;
  return left.at < right.at || (left.at === right.at && left.number < right.number);
}

function swap(heap: Entry[], left: number, right: number): void {
  const [one, other] = [heap[left], heap[right]];
  if (one && other) [heap[left], heap[right]] = [other, one];
}
