import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { ACTOR_NAMES, type Actor } from '../domain/errors/vendor-errors.ts';
import type { KioskId } from '../domain/ids.ts';
import { type AdvisedEntry, advise, type Runbook } from '../domain/runbook.ts';
import { kioskOf } from '../domain/selection.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import type { ProblemSubject } from '../journal/journal.ts';
import { describePlan } from '../plans/plan-views.ts';
import type { Problem } from './problem.ts';

/** Explanation of a problem for users; null for unknown values. */
export interface ProblemAdvice {
  code: string | null;
  meaning: string;
  /** Person or team that acts. */
  owner: string;
  nextStep: string;
  contact: string | null;
  link: string | null;
}

/** Advice on the kinds of problems that have no error code. */
const ADVICE: Readonly<Record<string, readonly [owner: Actor, meaning: string, nextStep: string]>> = {
  // Several problems in one notice. Those with one code have its advice.
  failed: [
    'operations',
    'Cards failed with several error codes.',
    'List the failed cards: each has its next step.',
  ],
  stuck: [
    'kiosk-attendant',
    'The kiosk did not report a result. The card may be in the machine.',
    'Check the machine, then check the card.',
  ],
  unknown: [
    'operations',
    'The answer to a produce request was lost. The card may have been printed.',
    'Check the card before anything is sent again.',
  ],
  expiring: [
    'operations',
    'A card can be produced within 60 days of its creation. After that, it needs a new order.',
    'Produce the cards before they expire.',
  ],
  hold: [
    'operations',
    'Nothing is sent to the kiosk until it is released.',
    'Release the kiosk if it is ready.',
  ],
  gap: [
    'operations',
    'Events of this time are missing until Wise sends them again or the cards are read from the API.',
    'Check that a server is running, and that it has credentials.',
  ],
  stopped: [
    'operations',
    'The other listeners still receive events.',
    'Check why it stopped, and start it again.',
  ],
  plan: ['operations', 'Several detached plans ended or paused.', 'List the plans.'],
  done: ['operations', 'Not all cards of the plan were produced.', 'Check the results of its cards.'],
  paused: [
    'operations',
    'The plan stopped before its last card. Nothing is sent for it until someone approves it again.',
    'Check the kiosk, then approve the plan again or cancel it.',
  ],
  cancelled: [
    'operations',
    'Nothing more is sent for the plan. A card in its kiosk continues.',
    'Check the results of its cards.',
  ],
  expired: [
    'operations',
    'No server started the plan in time. Nothing more is sent for it.',
    'Check that a server accepts plans, then make another plan.',
  ],
};

/** Returns the advice on a problem from the error catalogue and the team's runbook. */
export function adviceOn({ kind, listener, error, plan }: ProblemSubject, runbook: Runbook): ProblemAdvice {
  if (error) return adviceOfEntry(advise(runbook, lookUpError(error.kind, error.errorCode)));
  const [actor, meaning, nextStep] = ADVICE[plan?.state ?? listener ?? kind] ?? ['operations', '', ''];
  return { code: null, meaning, owner: ACTOR_NAMES[actor], nextStep, contact: null, link: null };
}

function adviceOfEntry({ code, meaning, actor, nextStep, page }: AdvisedEntry): ProblemAdvice {
  const owner = page?.owner ?? ACTOR_NAMES[actor];
  return { code, meaning, owner, nextStep, contact: page?.contact ?? null, link: page?.link ?? null };
}

/** Describes a problem in one line. */
export function describeProblem({ subject, cards: affected, plans, count, since, latest }: Problem): string {
  const { kind, kioskId, days, listener } = subject;
  const where = kioskId === null ? atSeveral(affected) : at(kioskId);
  const cards = counted(count, 'card');
  const [is, has] = count === 1 ? ['is', 'has'] : ['are', 'have'];
  switch (kind) {
    case 'failed':
      return `${cards} ${wordOf(subject)}${where}: ${codeOf(subject)}`;
    case 'stuck':
      return `${cards} ${is} stuck${where}`;
    case 'unknown':
      return `The outcome of ${counted(count, 'produce request')}${where} is unknown`;
    case 'expiring':
      return `${cards} ${has} at most ${counted(days ?? 0, 'day')} left`;
    case 'hold':
      return `${kioskId === null ? `${count} kiosks have` : `Kiosk ${kioskId} has`} been on hold for over 24 hours`;
    case 'listener':
      if (listener === 'gap') return `No webhook listener ran for ${formatDuration(latest - since)}`;
      return `${counted(count, 'webhook listener')} stopped`;
    case 'plan':
      return plans.length === 1
        ? plans.map(describePlan).join('')
        : `${count} detached plans ended or paused`;
  }
}

/** Describes the end of a problem, or of several ones, in one line. */
export function describeRecovery(
  subject: ProblemSubject,
  over: number,
  kioskIds: readonly KioskId[],
): string {
  const { kind, kioskId } = subject;
  const where = kioskIds.length > 1 && kind !== 'hold' ? ` at ${kioskIds.length} kiosks` : at(kioskId);
  if (over > 1) return `${over} problems are over: ${ENDED[kind]}${where}`;
  if (kind === 'failed') return `No failed cards with ${codeOf(subject)}${at(kioskId)} any more`;
  if (kind === 'stuck') return `No card is stuck${at(kioskId)} any more`;
  if (kind === 'unknown') return `No produce request${at(kioskId)} has an unknown outcome any more`;
  return `Kiosk ${kioskId} is not on hold any more`;
}

const ENDED: Readonly<Record<Problem['subject']['kind'], string>> = {
  failed: 'failed cards',
  stuck: 'stuck cards',
  unknown: 'requests with an unknown outcome',
  expiring: 'cards that expire',
  hold: 'kiosks on hold',
  listener: 'webhook listeners',
  plan: 'detached plans',
};

function wordOf({ error }: ProblemSubject): string {
  return error?.kind === 'request' ? 'refused' : 'failed';
}

function codeOf({ error }: ProblemSubject): string {
  return error === null ? 'several error codes' : (error.errorCode ?? 'UNKNOWN_ERROR');
}

function at(kioskId: KioskId | null): string {
  return kioskId === null ? '' : ` at ${kioskId}`;
}

function atSeveral(cards: Problem['cards']): string {
  const kiosks = new Set(cards.map(kioskOf)).size;
  return kiosks > 1 ? ` at ${kiosks} kiosks` : '';
}

/** Returns the words of the command to run. A kiosk whose id looks like a flag is left out. */
export function commandFor({ kind, kioskId, days, plan }: ProblemSubject): string[] {
  const kiosk = kioskId === null || kioskId.startsWith('-') ? null : kioskId;
  const ofKiosk = kiosk === null ? [] : ['--kiosk', kiosk];
  switch (kind) {
    case 'failed':
      return kiosk === null ? ['status', '--failed'] : ['kiosk', 'recover', kiosk];
    case 'stuck':
      return ['status', '--stage', 'in-progress', ...ofKiosk];
    case 'unknown':
      return ['status', '--stage', 'unknown', ...ofKiosk];
    case 'expiring':
      return ['status', '--expiring', `${days}d`];
    case 'hold':
      return kiosk === null ? ['kiosk', 'list'] : ['kiosk', 'show', kiosk];
    case 'listener':
      return ['doctor'];
    case 'plan':
      return plan ? ['runs', plan.state === 'paused' ? 'approve' : 'show', plan.id] : ['runs', 'list'];
  }
}
