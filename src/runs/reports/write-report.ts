import type { Files } from '../../context/files.ts';
import { asFailure, type FailureDocument } from '../../domain/errors/failure.ts';
import { type RunReport, withoutSecrets } from './read-report.ts';
import type { ReportFormat, ReportTarget } from './report-flags.ts';

type Writer = (report: RunReport) => AsyncIterable<string>;

/** Report writers, loaded on demand: most commands write no report. */
const WRITERS: Readonly<Record<ReportFormat, () => Promise<Writer>>> = {
  junit: async () => (await import('./junit.ts')).junit,
  html: async () => (await import('./html.ts')).html,
  json: async () => (await import('./json.ts')).json,
  markdown: async () => (await import('./markdown.ts')).markdown,
};

/**
 * Writes a report atomically, readable by its owner only. Replaces an existing file, because CI runs are repeated.
 * @throws Failure `invalid-input` if the file can't be written
 */
export async function writeReport(
  { format, file }: ReportTarget,
  { report, files }: { report: RunReport; files: Files },
): Promise<void> {
  const write = await WRITERS[format]();
  await files.write(file, write(withoutSecrets(report)), { force: true, mode: 0o600 });
}

/** The destinations of a run's reports. */
interface Readers {
  targets: readonly ReportTarget[];
  files: Files;
  /** Outputs of GitHub Actions: step summary and annotations. null elsewhere, and with `--no-annotations`. */
  github: { summaryFile: string | null } | null;
  /** Writes a workflow command to standard error, where GitHub Actions reads it. */
  say: (line: string) => void;
  warn: (text: string) => void;
}

/**
 * Writes all reports of a run. If one can't be written, the others still are. The GitHub step summary is automatic, so
 * its failure is only a warning.
 * @returns the errors of reports that could not be written
 */
export async function publish(
  report: RunReport,
  { targets, files, github, say, warn }: Readers,
): Promise<FailureDocument[]> {
  const errors: FailureDocument[] = [];
  const attempt = async (work: () => Promise<void>) =>
    work().catch((error: unknown) => void errors.push(asFailure(error).toDocument()));
  for (const target of targets) await attempt(async () => writeReport(target, { report, files }));
  if (github) {
    const { annotations, appendStepSummary } = await import('./github.ts');
    const { summaryFile } = github;
    if (summaryFile !== null)
      await appendStepSummary(report, { file: summaryFile, files }).catch((error: unknown) =>
        warn(`The step summary could not be written. ${asFailure(error).message}`),
      );
    for await (const line of annotations(report)) say(line);
  }
  return errors;
}
