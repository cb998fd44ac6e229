// Preloaded into a process: measures how long tasks block its event loop, and writes it at the end to the file in LOOP_FILE.
// The delay includes the time in which the machine ran other processes, the CPU time does not.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The result. */
export interface LoopDelay {
  /** Of the event loop, in milliseconds. */
  p99: number;
  max: number;
  /** CPU time of the main thread between two turns of the event loop: the p99.9 and the longest, in milliseconds. */
  cpuMost: number;
  cpuMax: number;
}

const { LOOP_FILE: file, LOOP_AFTER_MS: after } = process.env;

if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const times: number[] = [];
  let last = cpuTime();
  const turn = () => {
    const now = cpuTime();
    times.push(now - last);
    last = now;
  };
  // The start is not measured: nothing is received then.
  setTimeout(() => {
    delay.enable();
    last = cpuTime();
    setInterval(turn, 1).unref();
  }, Number(after)).unref();
  process.on('exit', () => {
    const sorted = times.toSorted((left, right) => left - right);
    const result: LoopDelay = {
      p99: delay.percentile(99) / 1e6,
      max: delay.max / 1e6,
      cpuMost: sorted[Math.floor(sorted.length * 0.999)] ?? 0,
      cpuMax: sorted.at(-1) ?? 0,
    };
    writeFileSync(file, JSON.stringify(result));
  });
}

function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
