import type { Sent, State } from './truth.ts';

/** Returns the contradiction between an outcome in the journal and the real state of its request; null for none. */
export function contradiction(
  outcome: string,
  { sent, state }: { sent: Sent | undefined; state: State | null },
): string | null {
  switch (outcome) {
    case 'not-seen':
    case 'refused':
      if (sent?.state === 'on its way') return 'it may still arrive';
      return sent?.isAccepted && state !== 'dropped' ? 'Wise accepted it' : null;
    case 'queued':
    case 'accepted':
      return sent?.isAccepted ? null : 'Wise did not accept it';
    case 'produced':
      return state === 'produced' ? null : `its production is ${state ?? 'none'}`;
    case 'failed':
      return state === 'failed' ? null : `its production is ${state ?? 'none'}`;
    case 'superseded':
      return state === 'queued' || state === 'in progress' ? `its production is ${state}` : null;
    default:
      return null;
  }
}
