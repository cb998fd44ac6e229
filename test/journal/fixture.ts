// A journal of its own for each test, and other processes that work on it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Production } from '../../src/domain/production.ts';
import type { Claim, Journal, KnownCard, Observed, Sending } from '../../src/journal/journal.ts';

export const TOKEN = parseCardToken('ca0c8154-1e14-4464-a1ce-dcea7dc3de52');
export const OTHER_TOKEN = parseCardToken('35050a4a-9521-426e-8109-1396e3687a3e');

/** A place for journals of one kind, and the clock that every journal on it shares. */
export abstract class Fixture {
  /** Names the place for other processes. */
  abstract readonly place: string;
  now: number = Date.now();

  /** Opens the journal like another command would. */
  abstract open(environment?: string): Journal;

  /** Opens a journal of its own that nothing was written to. */
  abstract openEmpty(): Journal;

  claim(more: Partial<Claim> = {}): Claim {
    return {
      profileId: 1001,
      orderId: 501,
      cardToken: TOKEN,
      kioskId: parseKioskId('WIS00001'),
      reason: null,
      at: this.now,
      ...more,
    };
  }

  sending(more: Partial<Sending> = {}): Sending {
    return {
      kioskId: parseKioskId('WIS00001'),
      orderId: 501,
      baseline: production('READY'),
      correlationId: '0e0c0f0e-0000-4000-8000-000000000001',
      at: this.now,
      ...more,
    };
  }

  observed(outcome: Observed['outcome'], more: Partial<Observed> = {}): Observed {
    const status = { accepted: 'IN_PROGRESS', produced: 'PRODUCED' }[outcome as string] ?? 'PRODUCTION_ERROR';
    const { reason: _, ...claim } = this.claim();
    return { ...claim, outcome, production: production(status), ...more };
  }

  /** An attempt that was claimed and sent by this process. */
  async sent(journal: Journal, more: Partial<Claim> = {}): Promise<Attempt> {
    const { attempt, claimed } = await journal.claim(this.claim(more));
    if (!claimed) throw new Error(`not claimed: ${attempt.outcome}`);
    const sent = await journal.markSent(attempt, this.sending());
    if (!sent) throw new Error('the claim was lost');
    return sent;
  }

  /** Starts a process that claims a card, sends it, begins an action or takes a lease, reports the result, and waits. */
  async rival(act: 'claim' | 'send' | 'act' | 'lease', cardToken = TOKEN): Promise<Rival> {
    const script = join(import.meta.dirname, 'rival.ts');
    const child = spawn(process.execPath, [script, this.place, act, cardToken], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    return { ...(JSON.parse(line) as { id: string; claimed: boolean }), child };
  }
}

export interface Rival {
  id: string;
  claimed: boolean;
  child: ChildProcess;
}

/** Ends a process without a chance to tidy up. */
export async function kill({ child }: Rival): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

export function production(status: string, more: Partial<Production> = {}): Production {
  return {
    status,
    kioskId: status === 'READY' ? null : parseKioskId('WIS00001'),
    occurredAt: '2026-03-01T11:00:00.120Z',
    errorCode: null,
    description: null,
    ...more,
  };
}

export function known(more: Partial<KnownCard> = {}): KnownCard {
  return {
    profileId: 1001,
    orderId: 501,
    cardToken: TOKEN,
    cardCreatedAt: null,
    deliveryOption: null,
    orderStatus: null,
    ...more,
  };
}
