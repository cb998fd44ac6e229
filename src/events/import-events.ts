import type { Context } from '../context/context.ts';
import { type Failure, type FailureDocument, failure } from '../domain/errors/failure.ts';
import type { Delivery } from '../journal/journal.ts';
import type { SignatureVerifier } from '../webhooks/signature.ts';
import { readImportLine, toDelivery } from './import-line.ts';

interface ImportOptions {
  lines: AsyncIterable<string> | Iterable<string>;
  verifier: SignatureVerifier;
  /** True to store bodies without a signature, as unverified events. */
  unverified: boolean;
}

/** A line that was rejected, and the reason. */
interface Refusal {
  line: number;
  reason: string;
}

export interface Imported {
  lines: number;
  /** Number of verified events that were stored. */
  kept: number;
  hints: number;
  /** Number of events that the journal already had. */
  duplicates: number;
  refused: number;
  /** The first rejected lines. */
  refusals: Refusal[];
  error: { document: FailureDocument; exitCode: Failure['exitCode'] } | null;
}

/** Number of events per transaction. */
const BATCH = 200;

/** Maximum number of rejected lines to show. In a file of the wrong format, every line is rejected. */
const REFUSALS_SHOWN = 20;

/**
 * Stores webhooks from a file. A line is an event of `events export`, or a raw body with its headers. Events that are
 * already stored are skipped, so the import can be repeated.
 * @throws Failure `environment-mismatch` for a line of another environment, `invalid-input` for an empty file
 */
export async function importEvents(
  ctx: Context,
  { lines, verifier, unverified }: ImportOptions,
): Promise<Imported> {
  const counts = { lines: 0, kept: 0, hints: 0, duplicates: 0, refused: 0 };
  const refusals: Refusal[] = [];
  let isSignatureWrong = false;
  let batch: Delivery[] = [];
  const flush = async () => {
    const events = await Promise.all(batch.map(async (delivery) => ctx.journal.importEvent(delivery)));
    batch = [];
    counts.duplicates += events.filter((event) => event === null).length;
    counts.kept += events.filter((event) => event?.isVerified).length;
    counts.hints += events.filter((event) => event?.isVerified === false).length;
  };
  for await (const line of lines) {
    ctx.signal.throwIfAborted();
    counts.lines += 1;
    if (line.trim() === '') continue;
    const given = readImportLine(line, { environment: ctx.environment, line: counts.lines });
    const read = toDelivery(given, { verifier, unverified, now: ctx.calendar.now() });
    if ('refused' in read) {
      counts.refused += 1;
      isSignatureWrong ||= read.isSignature;
      if (refusals.length < REFUSALS_SHOWN) refusals.push({ line: counts.lines, reason: read.refused });
    } else if (batch.push(read) === BATCH) await flush();
  }
  await flush();
  // Otherwise, the next command that lists cards would be slow.
  while (!ctx.signal.aborted && !(await ctx.journal.projectEvents()))
    await ctx.stopwatch.sleep(0, ctx.signal).catch(() => undefined);
  return { ...counts, refusals, error: endOf(counts, { isSignatureWrong, verifier }) };
}

function endOf(
  { lines, kept, hints, duplicates, refused }: Omit<Imported, 'refusals' | 'error'>,
  { isSignatureWrong, verifier }: { isSignatureWrong: boolean; verifier: SignatureVerifier },
): Imported['error'] {
  if (kept + hints + duplicates + refused === 0) {
    throw failure(
      'invalid-input',
      'There is nothing to import.',
      'Use a file with one event per line, as written by kioskctl events export.',
    );
  }
  if (refused === 0) return null;
  const message = `${refused} of ${lines} lines were rejected.`;
  const error = isSignatureWrong
    ? failure(
        'signature-invalid',
        `${message} Signatures were checked with ${verifier.keyName}.`,
        'Use another key with --public-key, or store bodies without a signature as hints with --unverified.',
      )
    : failure('invalid-input', message, 'Use one JSON object per line; see kioskctl events import --help.');
  return { document: error.toDocument(), exitCode: error.exitCode };
}
