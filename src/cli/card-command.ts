import { type CardInput, readCards } from '../cards/card-arguments.ts';
import { type CardResultsOptions, cardResults } from '../cards/card-views.ts';
import type { Context } from '../context/context.ts';
import { type PlanFacts, START_WITHIN_MS } from '../detached/plan.ts';
import { formatReference } from '../domain/ids.ts';
import type { Detach } from '../kiosks/retry/retry-watcher.ts';
import type { Result } from '../output/result.ts';
import { prepareHandOver } from '../plans/hand-over.ts';
import { BaseCommand } from './base-command.ts';
import { planTermsOf } from './open-client.ts';

interface DetachFlags {
  detach: boolean;
  'start-within'?: number | undefined;
  'dry-run': boolean;
}

/** Base class of the commands with CARD arguments. */
export abstract class CardCommand extends BaseCommand {
  protected async cards(context: Context, given: readonly string[]): Promise<CardInput> {
    const input = await readCards(context, given);
    await this.learnCards(input.targets.map(formatReference).join('\n'));
    return input;
  }

  protected results(
    results: Parameters<typeof cardResults>[0],
    options: Omit<CardResultsOptions, 'stops' | 'invocation' | 'mayHaveSent'>,
  ): Result {
    return cardResults(results, { ...options, ...this.ending() });
  }

  /** Returns the options for a result of several cards: the signal that interrupted the command, and data for hints. */
  protected ending(): Pick<CardResultsOptions, 'stops' | 'invocation' | 'mayHaveSent'> {
    const { mayHaveChanged: mayHaveSent } = this;
    return { stops: this.interruptions(), invocation: this.opened.context.invocation, mayHaveSent };
  }

  /** Returns the function that hands a plan over; undefined without `--detach`. @throws Failure `no-server` */
  protected async detach(
    ctx: Context,
    kind: PlanFacts['kind'],
    { detach, 'start-within': startWithin = START_WITHIN_MS, 'dry-run': isDryRun }: DetachFlags,
  ): Promise<Detach | undefined> {
    if (!detach || isDryRun) return undefined;
    const terms = await planTermsOf(this.opened);
    return prepareHandOver(ctx, { kind, terms, startWithin });
  }
}
