import type { Files } from '../../context/files.ts';
import type { RunCard, RunStep } from '../../domain/run.ts';
import { counted } from '../../domain/text/words.ts';
import { plainText } from '../../output/markup.ts';
import { isTrouble, stepName, troubleOf } from './facts.ts';
import { LARGEST_SUMMARY, markdown } from './markdown.ts';
import { type RunReport, withoutSecrets } from './read-report.ts';

/** GitHub shows so many errors of a step of a workflow, and drops the rest. */
const SHOWN = 10;

/**
 * What went wrong, as workflow commands of GitHub Actions: a line an error, at the step's line in the scenario's file, and
 * one that counts those that GitHub would not show.
 */
export async function* annotations(report: RunReport): AsyncGenerator<string> {
  const { run, cards } = withoutSecrets(report);
  let count = 0;
  for await (const card of cards()) {
    const steps = isTrouble(card) ? card.steps.filter(isWrong) : [];
    for (const step of steps) {
      count += 1;
      if (count > SHOWN) continue;
      const place = run.source.kind === 'file' ? { file: run.source.path, line: step.line } : {};
      const title = `${run.scenario}, card ${card.number}, ${stepName(step)}`;
      yield workflowCommand('error', { ...place, title }, messageOf(step, card));
    }
  }
  if (count <= SHOWN) return;
  const more = `${counted(count - SHOWN, 'more step')} of this run did not go well: the report of the run has them all.`;
  yield workflowCommand('warning', { title: run.scenario }, more);
}

/**
 * Adds the Markdown report to the summary that GitHub shows of a step.
 * @param file what GITHUB_STEP_SUMMARY names
 * @throws Failure `invalid-input` when it can't be written
 */
export async function appendStepSummary(
  report: RunReport,
  { file, files }: { file: string; files: Pick<Files, 'append' | 'size'> },
): Promise<void> {
  // Another command of the same step may have written there before: GitHub takes all of it, or nothing.
  const taken = files.size(file) ?? 0;
  if (taken >= LARGEST_SUMMARY) return;
  for await (const chunk of markdown(withoutSecrets(report), { largest: LARGEST_SUMMARY - taken }))
    files.append(file, chunk);
}

function isWrong({ outcome }: RunStep): boolean {
  return outcome === 'failed' || outcome === 'unmet' || outcome === 'running';
}

function messageOf(step: RunStep, { kioskId }: RunCard): string {
  const parts = [
    troubleOf(step),
    step.error && plainText(step.error.hint),
    kioskId && `Kiosk ${plainText(kioskId)}.`,
  ];
  return parts.filter(Boolean).join('\n');
}

/** A workflow command, escaped as GitHub's own toolkit does it. */
function workflowCommand(
  kind: 'error' | 'warning',
  properties: Readonly<Record<string, string | number | null>>,
  message: string,
): string {
  const given = Object.entries(properties).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${escapeProperty(plainText(String(value)))}`],
  );
  return `::${kind} ${given.join(',')}::${escapeData(message)}\n`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
