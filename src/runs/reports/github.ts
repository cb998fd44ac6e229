import type { Files } from '../../context/files.ts';
import { counted } from '../../domain/text/words.ts';
import { plainText } from '../../output/markup.ts';
import { cardFacts, isTrouble, type StepFacts, stepFacts } from './facts.ts';
import { LARGEST_SUMMARY, markdown } from './markdown.ts';
import { type RunReport, withoutSecrets } from './read-report.ts';

/** Maximum number of errors per workflow step: GitHub drops all others. */
const SHOWN = 10;

/**
 * Yields workflow commands for GitHub Actions: an error for each failed step, at its line in the scenario file, and a
 * warning with the number of errors beyond GitHub's limit.
 */
export async function* annotations(report: RunReport): AsyncGenerator<string> {
  const { run, cards } = withoutSecrets(report);
  const file = run.source.kind === 'file' ? run.source.path : null;
  let count = 0;
  for await (const card of cards()) {
    if (!isTrouble(card)) continue;
    for (const step of card.steps.map((one) => stepFacts(one, card, run)).filter(isWrong)) {
      count += 1;
      if (count > SHOWN) continue;
      const title = `${run.scenario}, card ${card.number}, ${step.name}`;
      const { kioskId } = cardFacts(card);
      const parts = [step.trouble, step.error?.hint, kioskId && `Kiosk ${kioskId}.`];
      yield workflowCommand('error', { file, line: step.line, title }, parts.filter(Boolean).join('\n'));
    }
  }
  if (count <= SHOWN) return;
  const more = `${counted(count - SHOWN, 'more step')} of this run failed or did not meet expectations. The report of the run lists all of them.`;
  yield workflowCommand('warning', { title: run.scenario }, more);
}

/**
 * Appends the Markdown report to GitHub's step summary.
 * @param file path from GITHUB_STEP_SUMMARY
 * @throws Failure `invalid-input` if the file can't be written
 */
export async function appendStepSummary(
  report: RunReport,
  { file, files }: { file: string; files: Pick<Files, 'append' | 'size'> },
): Promise<void> {
  // Other commands of the same workflow step may have written to the file. GitHub drops the whole file if it is too
  // large.
  const taken = files.size(file) ?? 0;
  if (taken >= LARGEST_SUMMARY) return;
  for await (const chunk of markdown(withoutSecrets(report), { largest: LARGEST_SUMMARY - taken }))
    files.append(file, chunk);
}

function isWrong({ outcome }: StepFacts): boolean {
  return outcome === 'failed' || outcome === 'unmet' || outcome === 'running';
}

/** Formats a workflow command. Escapes it like GitHub's toolkit (`@actions/core`). */
function workflowCommand(
  kind: 'error' | 'warning',
  properties: Readonly<Record<string, string | number | null>>,
  message: string,
): string {
  const named = Object.entries(properties).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${escapeProperty(plainText(String(value)))}`],
  );
  return `::${kind} ${named.join(',')}::${escapeData(message)}\n`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
