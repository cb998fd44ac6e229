import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { type AdvisedEntry, advise, type Runbook } from '../domain/runbook.ts';
import { failureOf, type JournalCard } from '../domain/selection.ts';
import { counted } from '../domain/text/words.ts';

/** One thing that went wrong at a kiosk, and how many cards met it. */
export interface Cause {
  entry: AdvisedEntry;
  count: number;
}

/** What went wrong with some cards, by catalogue and runbook: what most of them met comes first. */
export function causesOf(cards: readonly JournalCard[], runbook: Runbook): Cause[] {
  const failures = cards.flatMap((one) => failureOf(one) ?? []);
  const groups = Map.groupBy(failures, ({ kind, errorCode }) => `${kind} ${errorCode ?? ''}`);
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      if (!first) return [];
      const entry = advise(runbook, lookUpError(first.kind, first.errorCode));
      return [{ entry, count: group.length }];
    })
    .toSorted((left, right) => right.count - left.count);
}

/** Does somebody have to do something before cards are produced again? */
export function needsHands(causes: readonly Cause[]): boolean {
  return causes.some(({ entry }) => entry.retry === 'after-fix' || entry.retry === 'reconcile');
}

/** What failed and what to touch, in lines for people. */
export function describeCause({ entry, count }: Cause): string[] {
  const { code, meaning, actor, nextStep, page } = entry;
  const steps = page && page.steps.length > 0 ? page.steps : [nextStep];
  const help = [
    page?.contact ? `If that does not help: ${page.contact}` : '',
    page?.link ? `More: ${page.link}` : '',
  ].filter((line) => line !== '');
  return [
    `${counted(count, 'card')} failed with ${code}: ${meaning}`,
    `  Who acts: ${page?.owner ?? actor}`,
    ...steps.map((step, index) => (steps.length === 1 ? `  ${step}` : `  ${index + 1}. ${step}`)),
    ...help.map((line) => `  ${line}`),
  ];
}
