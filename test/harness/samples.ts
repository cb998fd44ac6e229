// Samples in the documentation. They are output of a run, and differ from the next run only in ids, times and numbers.
import { hostname, userInfo } from 'node:os';
import { packedManifest } from '../../scripts/release/package.ts';

/** The version of kioskctl, which samples show: unlike other numbers, an older one is a difference. */
const OWN_VERSION = new RegExp(
  String.raw`(?<![\d.])${packedManifest().version.replaceAll('.', '[.]')}(?![\d.-])`,
  'g',
);

/** Replaces the names of this machine and its user. */
export function withoutMachine(text: string, home: string): string {
  return text
    .replaceAll(home, '/home/ada')
    .replaceAll(`${userInfo().username}@${hostname()}`, 'ada@ops')
    .replaceAll(`"${hostname()}"`, '"ops"')
    .replaceAll(` on ${hostname()}`, ' on ops')
    .replaceAll(`"${userInfo().username}"`, '"ada"');
}

/** Masks everything in a sample that differs between runs. */
export function masked(sample: string): string {
  return sample
    .replaceAll(OWN_VERSION, '<version>')
    .replaceAll(/[\w-]{8}-[\w-]{4}-[\w-]{4}-[\w-]{4}-[\w-]{12}/g, '<id>')
    .replaceAll(/\b[0-9a-f]{16,}\b|\b\d{8}-\d{6}-[0-9a-f]{8}\b/g, '<id>')
    .replaceAll(/-----BEGIN[^"]*/g, '<bytes>')
    .replaceAll(/(?<=\/)[0-9a-f]{8}\b/g, '<id>')
    .replaceAll(/[\w+/=]{60,}…?/g, '<bytes>')
    .replaceAll(/\d+(?:\.\d+)?(?: ?(?:ms|s|m|h|MB|KB|kB|B)\b)?/g, '<n>')
    .replaceAll(/\b(?:linux|darwin|win32)\b|\b(?:x|arm)<n>/g, '<system>')
    .replaceAll(/ +/g, ' ');
}

/**
 * Returns the sample of the page, unless the run differs in more than ids, times and numbers.
 * @param compared returns the part of a sample to compare
 */
export function freshest(
  known: string | undefined,
  run: string,
  compared: (sample: string) => string = (sample) => sample,
): string {
  return known !== undefined && masked(compared(known)) === masked(compared(run)) ? known : run;
}
