import { open, rename, rm } from 'node:fs/promises';
import { placeOf, unwritable } from '../../cli/terminal/write-file.ts';
import { asFailure, type FailureDocument } from '../../domain/errors/failure.ts';
import { type RunReport, withoutSecrets } from './read-report.ts';
import type { ReportFormat, ReportTarget } from './report-flags.ts';

type Writer = (report: RunReport) => AsyncIterable<string>;

/** Loaded when one is asked for: most commands write none. */
const WRITERS: Readonly<Record<ReportFormat, () => Promise<Writer>>> = {
  junit: async () => (await import('./junit.ts')).junit,
  html: async () => (await import('./html.ts')).html,
  json: async () => (await import('./json.ts')).json,
  markdown: async () => (await import('./markdown.ts')).markdown,
};

/** Chunks are gathered until there is this much to write, in characters. */
const PIECE = 65_536;

/**
 * Writes a report, at once or not at all. One that is there is replaced: CI runs again.
 * @throws Failure `invalid-input` when the file can't be written
 */
export async function writeReport({ format, file }: ReportTarget, report: RunReport): Promise<void> {
  const write = await WRITERS[format]();
  await writeChunks(file, write(withoutSecrets(report)));
}

/**
 * Finds out whether a report may be written, before a run takes its time.
 * @throws Failure `invalid-input`
 */
export async function requireWritable({ file }: ReportTarget): Promise<void> {
  const draft = draftOf(placeOf(file));
  try {
    await (await open(draft, 'wx')).close();
  } catch (error) {
    throw unwritable(file, error);
  }
  await rm(draft, { force: true });
}

async function writeChunks(file: string, chunks: AsyncIterable<string>): Promise<void> {
  const place = placeOf(file);
  const draft = draftOf(place);
  const handle = await open(draft, 'wx').catch((error: unknown) => {
    throw unwritable(file, error);
  });
  try {
    for await (const piece of gather(chunks)) await handle.writeFile(piece).catch(fail);
    await handle.sync().catch(fail);
    await handle.close();
    await rename(draft, place).catch(fail);
  } finally {
    await handle.close().catch(() => {});
    await rm(draft, { force: true });
  }

  function fail(error: unknown): never {
    throw unwritable(file, error);
  }
}

async function* gather(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const chunk of chunks) {
    piece += chunk;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** In containers, each process has the same number: what a killed one left behind is in nobody's way. */
function draftOf(file: string): string {
  return `${file}.${crypto.randomUUID().slice(0, 8)}.tmp`;
}

/** Who wants to know how a run went. */
export interface Readers {
  targets: readonly ReportTarget[];
  /** GitHub Actions, which shows a summary and annotations; null elsewhere, and where the user doesn't want it. */
  github: { summaryFile: string | null } | null;
  /** Takes GitHub's annotations. */
  say: (line: string) => void;
}

/**
 * Writes all reports of a run. One that can't be written keeps none of the others from it: the run is over.
 * @returns what went wrong
 */
export async function publish(
  report: RunReport,
  { targets, github, say }: Readers,
): Promise<FailureDocument[]> {
  const errors: FailureDocument[] = [];
  const attempt = async (work: () => Promise<void>) =>
    work().catch((error: unknown) => void errors.push(asFailure(error).toDocument()));
  for (const target of targets) await attempt(async () => writeReport(target, report));
  if (github) {
    const { annotations, appendStepSummary } = await import('./github.ts');
    const { summaryFile } = github;
    if (summaryFile !== null) await attempt(async () => appendStepSummary(report, summaryFile));
    for await (const line of annotations(report)) say(line);
  }
  return errors;
}
