import type { RunCard, RunRecord, RunStep } from '../../domain/run.ts';
import { escapeMarkup, plainText } from '../../output/markup.ts';
import { durationOf, idsOfStep, sourceText, stepName, troubleOf } from './facts.ts';
import { everyCard, type RunReport } from './read-report.ts';
import type { RunTotals } from './run-totals.ts';

/**
 * A run as JUnit XML, as Jenkins, GitLab and others read it: a suite for the scenario, a case for each step of each card.
 * It keeps to what Jenkins' schemas junit-4 and junit-10 both allow.
 */
export async function* junit({ run, totals, cards }: RunReport): AsyncGenerator<string> {
  const counts = countsOf(totals);
  yield `<?xml version="1.0" encoding="UTF-8"?>\n`;
  yield `<testsuites${attributes({ name: 'kioskctl', ...counts.all })}>\n`;
  yield `<testsuite${attributes({
    name: run.scenario,
    ...counts.all,
    skipped: counts.skipped,
    timestamp: new Date(run.startedAt).toISOString().slice(0, 19),
    hostname: run.host,
    id: run.id,
  })}>\n`;
  yield properties(run, totals);
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

function properties(run: RunRecord, { outcome, exitCode, requests }: RunTotals): string {
  const named = {
    run: run.id,
    outcome,
    exitCode,
    source: sourceText(run),
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
  if (card.steps.length > 0)
    return card.steps.map((step) => testCase({ step, card, classname }, run)).join('');
  return element(
    'testcase',
    { classname, name: 'not started', time: seconds(0) },
    '<skipped>not started</skipped>',
  );
}

interface Case {
  step: RunStep;
  card: RunCard;
  classname: string;
}

function testCase({ step, card, classname }: Case, run: RunRecord): string {
  const time = seconds(durationOf(step) ?? 0);
  return element(
    'testcase',
    { classname, name: stepName(step), time },
    resultOf({ step, card, classname }, run),
  );
}

function resultOf({ step, card }: Case, run: RunRecord): string {
  const story = () => escapeMarkup(`\n${tell(step, card, run).join('\n')}\n`);
  switch (step.outcome) {
    case 'done':
      return '';
    case 'skipped':
      return '<skipped>an earlier step ended the way of this card</skipped>';
    case 'tolerated':
      return `<system-out>It failed, and the scenario goes on after it.${story()}</system-out>`;
    case 'running':
      return element('error', { type: 'interrupted', message: troubleOf(step) ?? '' }, story());
    case 'unmet':
      return element('failure', { type: 'unmet', message: troubleOf(step) ?? '' }, story());
    case 'failed':
      return element(
        'failure',
        { type: step.error?.code ?? 'failed', message: troubleOf(step) ?? '' },
        story(),
      );
  }
}

/** What a person needs who sees nothing but this step. */
function tell(step: RunStep, card: RunCard, run: RunRecord): string[] {
  const { error, unmet = [], exitCode, line } = step;
  const place =
    run.source.kind === 'file' && line !== null ? [`at ${plainText(run.source.path)}:${line}`] : [];
  return [
    ...unmet.flatMap(({ field, expected, actual }) => [
      plainText(field),
      `  expected: ${plainText(expected)}`,
      `  actual:   ${plainText(actual)}`,
    ]),
    ...(error
      ? [`${plainText(error.code)}: ${plainText(error.message)}`, `hint: ${plainText(error.hint)}`]
      : []),
    ...(exitCode === null ? [] : [`exit code: ${exitCode}`]),
    ...(card.kioskId === null ? [] : [`kiosk: ${plainText(card.kioskId)}`]),
    ...(card.row === null ? [] : [`row of the data: line ${card.row}`]),
    ...idsOfStep(step, card).map(([name, id]) => `${name}: ${id}`),
    ...place,
  ];
}

/** @param content XML already */
function element(name: string, given: Attributes, content: string): string {
  const start = `<${name}${attributes(given)}`;
  const end = name === 'testcase' ? '\n' : '';
  return content === '' ? `${start}/>${end}` : `${start}>${content}</${name}>${end}`;
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
