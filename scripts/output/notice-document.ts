// The document that targets of notices with the format json receive.
import * as v from 'valibot';
import { PLAN_STATES } from '../../src/detached/plan.ts';
import { NOTICE_KINDS } from '../../src/notices/decide-notices.ts';
import { PROBLEM_KINDS } from '../../src/notices/problem.ts';
import { about, type Fields, integer, text, textOrNull, texts } from './fields.ts';

export const NOTICE: Fields = {
  schemaVersion: v.literal(1),
  id: about('The same in all deliveries of the notice, to all targets.', text),
  key: about('The same in all notices about one problem.', text),
  kind: v.picklist([...NOTICE_KINDS, 'test']),
  problem: about('Kind of the problem; null for a test.', v.nullable(v.picklist(PROBLEM_KINDS))),
  environment: text,
  createdAt: text,
  title: about('The notice in a line.', text),
  text: about('The whole notice, in several lines.', text),
  kioskId: textOrNull,
  count: about('Number of cards, gaps, listeners or plans; 0 when the problem is over.', integer),
  cards: about('Short names of the first cards.', texts),
  kiosks: about(
    'Number of cards by kiosk, for problems of several kiosks; 0 for holds and after the end.',
    v.array(v.object({ kioskId: textOrNull, cards: integer })),
  ),
  hosts: about('Machines of stopped listeners.', texts),
  plans: about(
    'The first detached plans that ended or paused, with the number of cards by result.',
    v.array(
      v.object({
        id: text,
        state: v.picklist(PLAN_STATES),
        kioskIds: texts,
        exitCode: about('Exit code of a plan that ended.', v.nullable(integer)),
        cards: integer,
        done: integer,
        failed: integer,
        left: integer,
      }),
    ),
  ),
  since: textOrNull,
  until: about('End of a gap or of a plan.', textOrNull),
  advice: v.nullable(
    v.object({
      code: about('Error code of Wise.', textOrNull),
      meaning: text,
      owner: about('Person or team that acts.', text),
      nextStep: text,
      contact: about('From the runbook.', textOrNull),
      link: about('From the runbook.', textOrNull),
    }),
  ),
  command: about('Command to run, quoted for a shell.', textOrNull),
};
