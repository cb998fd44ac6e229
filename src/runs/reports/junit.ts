import type { RunCard, RunRecord } from '../../domain/run.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { escapeMarkup, plainText } from '../../output/markup.ts';
import { runFacts, type StepFacts, stepFacts } from './facts.ts';
import { everyCard, type RunReport } from './read-report.ts';
import type { RunTotals } from './run-totals.ts';

/**
 * Yields a run as JUnit XML: a test suite for the scenario, a test case for each step of each card. Valid against
 * Jenkins' schemas junit-4 and junit-10.
 */
export async function* junit(report: RunReport): AsyncGenerator<string> {
  const { run, totals, cards } = report;
  const { all, skipped } = countsOf(totals);
  const suite = {
    name: run.scenario,
    ...all,
    skipped,
    timestamp: utcTime(run.startedAt).slice(0, 19),
    hostname: run.host,
    id: run.id,
  };
  yield `<?xml version="1.0" encoding="UTF-8"?>\n`;
  yield `<testsuites${attributes({ name: 'kioskctl', ...all })}>\n`;
  yield `<testsuite${attributes(suite)}>\n${properties(report)}`;
  for await (const card of everyCard(cards(), run)) yield cases(card, run);
  yield '</testsuite>\n</testsuites>\n';
}

function countsOf({ steps, stepless, span }: RunTotals) {
  const all = {
    tests: steps.total + stepless,
    failures: steps.failed + steps.unmet,
    errors: steps.running,
    time: seconds(span.until - span.from),
  };
  return { all, skipped: steps.skipped + stepless };
}

function properties({ run, totals }: RunReport): string {
  const { outcome, exitCode, requests } = totals;
  const named = {
    run: run.id,
    outcome,
    exitCode,
    source: runFacts({ run, totals }).source,
    context: run.context,
    environment: run.environment,
    user: run.user,
    reason: run.reason ?? '',
    kiosks: run.kiosks.join(' '),
    cards: run.cards,
    'requests.reads': requests.reads,
    'requests.sends': requests.sends,
    'requests.limited': requests.limited,
  };
  const lines = Object.entries(named).map(([name, value]) => `<property${attributes({ name, value })}/>\n`);
  return `<properties>\n${lines.join('')}</properties>\n`;
}

function cases(card: RunCard, run: RunRecord): string {
  const classname = `${run.scenario}.card-${card.number}`;
  const steps = card.steps.map((one) => {
    const step = stepFacts(one, card, run);
    const named = { classname, name: step.name, time: seconds(step.duration ?? 0) };
    return element('testcase', named, resultOf(step, card, run));
  });
  const skipped = '<skipped>not started</skipped>';
  const none = () => element('testcase', { classname, name: 'not started', time: seconds(0) }, skipped);
  return (steps.length > 0 ? steps : [none()]).map((one) => `${one}\n`).join('');
}

function resultOf(step: StepFacts, card: RunCard, run: RunRecord): string {
  const message = step.trouble ?? '';
  const story = () => escapeMarkup(`\n${linesOf(step, card, run).join('\n')}\n`);
  switch (step.outcome) {
    case 'done':
      return '';
    case 'skipped':
      return "<skipped>an earlier step ended this card's steps</skipped>";
    case 'tolerated':
      return `<system-out>It failed, and the scenario continues.${story()}</system-out>`;
    case 'running':
      return element('error', { type: 'interrupted', message }, story());
    case 'unmet':
      return element('failure', { type: 'unmet', message }, story());
    case 'failed':
      return element('failure', { type: step.error?.code ?? 'failed', message }, story());
  }
}

/** Returns the details of a step. The details repeat card and run, because CI may show them alone. */
function linesOf({ error, unmet, exitCode, line, ids }: StepFacts, card: RunCard, run: RunRecord): string[] {
  const lines: (string | false | null)[] = [
    ...unmet.flatMap(({ field, expected, actual }) => [
      field,
      `  expected: ${expected}`,
      `  actual:   ${actual}`,
    ]),
    ...(error ? [`${error.code}: ${error.message}`, `hint: ${error.hint}`] : []),
    exitCode !== null && `exit code: ${exitCode}`,
    card.kioskId && `kiosk: ${plainText(card.kioskId)}`,
    card.row !== null && `row of the data: line ${card.row}`,
    ...ids.map(([name, id]) => `${name}: ${id}`),
    run.source.kind === 'file' && line !== null && `at ${plainText(run.source.path)}:${line}`,
  ];
  return lines.filter((one) => one !== false && one !== null);
}

/** Renders an XML element. @param content XML */
function element(name: string, given: Attributes, content: string): string {
  const start = `<${name}${attributes(given)}`;
  return content === '' ? `${start}/>` : `${start}>${content}</${name}>`;
}

type Attributes = Readonly<Record<string, string | number>>;

function attributes(given: Attributes): string {
  return Object.entries(given)
    .map(([name, value]) => ` ${name}="${escapeMarkup(plainText(String(value)))}"`)
    .join('');
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(3);
}
