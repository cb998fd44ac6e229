import { type ActionRecord, outcomeOfAction } from '../domain/action.ts';
import { meaningOf } from '../domain/errors/exit-codes.ts';
import { formatReference } from '../domain/ids.ts';
import { redact } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { localTime, type Style } from '../output/style.ts';
import type { AuditTrail } from './log.ts';

/** The audit trail: an act a line, and below it why it was done and the ids under which others know it. */
export function renderLog({ acts, hasMore }: AuditTrail, style: Style): string {
  if (acts.length === 0) return 'No acts.\n';
  const more = hasMore ? style.dim(`These are the newest ${acts.length}; --limit shows more.\n`) : '';
  return `${acts.map((act) => renderAction(act, style)).join('')}${more}`;
}

function renderAction(act: ActionRecord, style: Style): string {
  const line = [
    `#${act.id}`,
    style.dim(localTime(act.startedAt)),
    style.bold(act.action),
    printable(subjectOf(act)),
    printable(act.kioskId ?? '–'),
    printable(`${act.user}@${act.host} (${act.context})`),
    outcomeText(act, style),
  ].join('  ');
  const ids = [
    ['attempt', act.attemptId],
    ['correlation', act.correlationId],
    ['trace', act.traceId],
  ].flatMap(([name, id]) => (id ? [`${name} ${printable(id)}`] : []));
  const reason = act.reason === null ? '' : `    Reason: ${printable(redact(act.reason))}\n`;
  return `${line}\n${reason}${ids.length > 0 ? style.dim(`    ${ids.join(', ')}`).concat('\n') : ''}`;
}

function subjectOf(act: ActionRecord): string {
  return act.cardToken === null && act.orderId === null ? '–' : formatReference(act);
}

function outcomeText(act: ActionRecord, style: Style): string {
  switch (outcomeOfAction(act)) {
    case 'done':
      return style.good('done');
    case 'failed':
      return `${style.bad(`exit ${act.exitCode}`)}: ${meaningOf(act.exitCode) ?? 'no code of kioskctl'}`;
    case 'running':
      return style.warning('running');
    case 'died':
      return `${style.bad('died')}: its process ended without a word`;
    case 'unknown':
      return style.warning('no end is known');
  }
}
