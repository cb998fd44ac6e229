import { Flags } from '@oclif/core';
import type { KioskId } from '../domain/ids.ts';
import { quietFlagFor, tableFlags } from '../input/flags.ts';
import { noteEmptyJournal } from '../kiosks/kiosk-cards.ts';
import { detailsResult, withDetails } from '../kiosks/kiosk-detail-views.ts';
import type { KioskOverview } from '../kiosks/kiosk-summary.ts';
import { kioskLine, overviewResult } from '../kiosks/kiosk-views.ts';
import { type Overview, overview, watchOverview } from '../kiosks/overview.ts';
import type { Result } from '../output/result.ts';
import { BaseCommand } from './base-command.ts';
import type { ContextFlags } from './settings/sources.ts';

export const overviewFlags = {
  watch: Flags.boolean({ summary: 'Show each change until Ctrl-C.' }),
  timeout: Flags.string({
    summary: 'End a watch after this time (default: never).',
    helpValue: '90s',
    dependsOn: ['watch'],
  }),
  ...tableFlags,
  ...quietFlagFor('kiosk ids'),
};

/** Base class of the commands that show kiosks from the journal. */
export abstract class KioskOverviewCommand extends BaseCommand {
  static override effect = 'reads' as const;

  /** Shows kiosks, once or as a watch. @param wanted kiosks to show in detail; empty for a list of all */
  protected async overview(
    wanted: readonly KioskId[],
    flags: ContextFlags & { watch: boolean },
  ): Promise<Result | null> {
    const ctx = await this.context(flags);
    if (!flags.watch) {
      const seen = await overview(ctx, wanted);
      if (wanted.length > 0) return detailsResult(withDetails(seen));
      const busy = seen.kiosks.filter(
        ({ lastProducedAt, failed, inProgress, unknown }) =>
          lastProducedAt !== null || failed + inProgress + unknown > 0,
      );
      await noteEmptyJournal(ctx, busy.length);
      return overviewResult(seen);
    }
    const deadline = flags.timeout === undefined ? null : ctx.stopwatch.after(ctx.timing.timeout ?? 0);
    return this.watch<Overview, KioskOverview>(
      async (onChange, onRead) => watchOverview(ctx, { wanted, deadline, onRead }, onChange),
      (seen) => ({
        rows: seen.kiosks,
        nameOf: ({ kioskId }) => kioskId,
        lineOf: kioskLine,
        result: (changed) => ({
          ...overviewResult(seen, changed),
          ...(wanted.length > 0 && { document: detailsResult(withDetails(seen)).document }),
        }),
      }),
    );
  }
}
