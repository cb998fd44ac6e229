import { asFailure, type FailureDocument } from '../../domain/errors/failure.ts';
import type { RunReport } from './report.ts';
import type { ReportTarget } from './report-flags.ts';
import { writeReport } from './write-report.ts';

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
