import { sep } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files come before all others, in this order. */
const FIRST = ['simulation', 'acceptance'];
/** Folders whose tests mostly wait for time limits of servers. */
const WAITING = ['team', 'postgres'];

/**
 * Starts with the simulation, which needs a core for the longest time, beside the files that start most processes and
 * wait for them: starting a process takes longer the more memory a process of tests has, and that grows with each file.
 * Files that mostly wait are spread among the others: together, or at the end, they would leave the cores idle.
 */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await BaseSequencer.prototype.sort.call(this, files);
    const among = (folders: readonly string[]) => folders.flatMap((name) => sorted.filter(isIn(name)));
    const [first, waiting] = [among(FIRST), among(WAITING)];
    const others = sorted.filter((file) => !first.includes(file) && !waiting.includes(file));
    // The last ones start in the middle.
    const distance = Math.max(1, Math.floor(others.length / 2 / Math.max(1, waiting.length)));
    const spread = others.flatMap((file, index) =>
      index % distance === 0 ? [...waiting.splice(0, 1), file] : [file],
    );
    return [...first, ...spread, ...waiting];
  }
}

function isIn(name: string): (file: TestSpecification) => boolean {
  return ({ moduleId }) => moduleId.includes(`${sep}test${sep}${name}${sep}`);
}
