import { formatDuration } from '../../domain/times/duration.ts';
import type { Fault } from '../../wire/fault.ts';
import { describeMatcher } from './meets.ts';
import type { StepAct } from './step.ts';

/** What a step is called where it has no name of its own. Of an order nothing shows. */
export function titleOf(act: StepAct): string {
  switch (act.kind) {
    case 'produce':
      return joined(act.kind, act.kioskId);
    case 'retry':
      return joined(act.kind, act.toKiosk && `at ${act.toKiosk}`);
    case 'simulate': {
      if (act.simulation === 'profile-verified') return joined(act.kind, act.simulation);
      const { status, errorCode } = act.simulation;
      return joined(act.kind, errorCode ? `${status}:${errorCode}` : status);
    }
    case 'expect': {
      const fields = Object.entries(act.expectation).map(
        ([field, matcher]) => `${field} ${describeMatcher(field, matcher)}`,
      );
      return joined(act.kind, fields.join(', '));
    }
    case 'fault':
      return joined(act.kind, faultTitle(act.fault));
    case 'advance':
      return joined(act.kind, formatDuration(act.by));
    default:
      return act.kind;
  }
}

function faultTitle(fault: Fault): string {
  switch (fault.kind) {
    case 'answer': {
      const { method, path, status, reset, cut, delayMs } = fault;
      const how =
        status ?? (reset ? `reset ${reset}` : cut ? 'cut' : `delay ${formatDuration(delayMs ?? 0)}`);
      return [how, method, path].filter((part) => part !== undefined).join(' ');
    }
    case 'produce':
      return fault.errorCode;
    default:
      return fault.errorCode ?? fault.status;
  }
}

function joined(kind: string, rest: string | null): string {
  return rest ? `${kind} ${rest}` : kind;
}
