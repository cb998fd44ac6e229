import { sep } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files come before all others, in this order. */
const FIRST = ['acceptance', 'simulation'].map((name) => `${sep}test${sep}${name}${sep}`);

/**
 * Starts with the files that start most processes: that takes longer the more memory a process of tests has, and it grows
 * with each file. The simulation, which takes longest, follows: at the end, all cores but one would wait for it.
 */
export class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await BaseSequencer.prototype.sort.call(this, files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const index = FIRST.findIndex((folder) => moduleId.includes(folder));
  return index === -1 ? FIRST.length : index;
}
