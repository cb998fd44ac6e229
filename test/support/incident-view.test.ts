import { assert, constantFrom, property, record, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KeptEvent } from '../../src/domain/event.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import { type IncidentFacts, makeIncident } from '../../src/support/incident.ts';
import { renderIncident } from '../../src/support/incident-view.ts';
import { actionRecord, attempt, orderEvent, production, productionEvent, TOKEN } from '../harness/records.ts';

const AT = Date.parse('2026-03-01T11:00:00Z');
const OUTSIDERS = { hasNames: false, hasReasons: true, secrets: ['the-token-of-this-process'] };

const SETUP = {
  kioskctl: '1.2.3',
  node: 'v24.0.0',
  apiVersion: 'legacy',
  journalSchema: 4,
  context: 'branch',
  environment: 'production',
  apiHost: 'api.wise.com',
  timeoutMs: 600_000,
  intervalMs: 10_000,
  settleWindowMs: 120_000,
};

/** A card that failed once, as an event, an attempt and an act tell it. */
function facts(event: Partial<KeptEvent> = {}, reason = 'the door is closed'): IncidentFacts {
  const failed = production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' });
  const owner = { user: 'ada', host: 'laptop', pid: 1, startedAt: null, boot: null, namespace: null };
  const sent = attempt('failed', {
    production: failed,
    owner,
    claimedAt: AT,
    sentAt: AT,
    closedAt: AT + 5_000,
  });
  return {
    kioskId: parseKioskId('WIS00001'),
    since: AT - 60_000,
    until: AT + 60_000,
    setup: SETUP,
    coverage: {
      from: AT,
      to: AT + 9,
      listened: [{ from: AT, to: AT + 4 }],
      gaps: [{ from: AT + 4, to: AT + 9 }],
    },
    clockOffset: 0,
    cards: [
      {
        profileId: 1001,
        orderId: 501,
        cardToken: TOKEN,
        orderStatus: 'CARD_DETAILS_CREATED',
        production: failed,
        attempts: [sent],
        events: [productionEvent('PRODUCTION_ERROR', { receivedAt: AT + 4_000, ...event })],
      },
    ],
    acts: [actionRecord({ startedAt: AT, reason })],
  };
}

function notes(more: Partial<typeof OUTSIDERS>): string {
  return makeIncident(facts(), { ...OUTSIDERS, ...more }).notes.join(' ');
}

function told(since: number, until: number): string[] {
  return makeIncident({ ...facts(), since, until }, OUTSIDERS).timeline.map(({ what }) => what);
}

describe('an incident', () => {
  test('the timeline of an incident has actions, attempts and events in order', () => {
    const { timeline, cards, errors } = makeIncident(facts(), OUTSIDERS);
    expect(timeline.map(({ what, by }) => [what, by])).toEqual([
      ['produce: done', 'operator-1'],
      ['attempt 1 sent', 'operator-1'],
      ['production PRODUCTION_ERROR', null],
      ['attempt 1 failed', 'operator-1'],
    ]);
    expect(cards[0]?.attempts).toMatchObject([{ attempt: 1, outcome: 'failed' }]);
    expect(errors).toMatchObject([{ code: 'PRD_HOPPER_DOOR', actor: 'kiosk-attendant' }]);
  });

  test('an incident includes its start and excludes its end', () => {
    expect(told(AT + 4_000, AT + 5_000)).toEqual(['production PRODUCTION_ERROR']);
    expect(told(AT, AT + 1)).toEqual(['produce: done', 'attempt 1 sent']);
  });

  test('an attempt of another system has no operator, and an open one has its outcome', () => {
    const [card] = facts().cards;
    if (!card) throw new Error('no card');
    const seen = attempt('accepted', { origin: 'observed', claimedAt: AT, sentAt: null, closedAt: null });
    const { timeline } = makeIncident(
      { ...facts(), acts: [], cards: [{ ...card, attempts: [seen] }] },
      OUTSIDERS,
    );
    expect(timeline[0]).toMatchObject({ what: 'attempt 1 seen', by: 'another system', outcome: 'accepted' });
  });

  test('an incident lists what is left out', () => {
    expect(notes({})).toMatch(/Operators are numbered.*Reasons are what operators wrote/);
    expect(notes({ hasReasons: false })).toMatch(/reasons of actions are left out/);
    expect(notes({ hasNames: true })).toMatch(/for their own team/);
  });

  test('an incident in Markdown has the set-up, the gaps, the cards and the ids', () => {
    const text = renderIncident(makeIncident(facts({ deliveryId: 'd-1' }), OUTSIDERS));
    expect(text).toMatch(/^# Incident: `WIS00001`\n/);
    expect(text).toContain(
      `| \`1001/${TOKEN}\` | 501 \`CARD_DETAILS_CREATED\` | \`PRODUCTION_ERROR\` | \`WIS00001\` |`,
    );
    expect(text).toContain('| 2026-03-01T11:00:00.004Z | 2026-03-01T11:00:00.009Z |');
    expect(text).toContain('| API | `api.wise.com` |');
    expect(text).toContain('delivery `d-1`');
    expect(text).toMatch(/^\| .* \| `PRD_HOPPER_DOOR` \| #1 failed \|$/m);
    expect(text).toContain('“the door is closed”');
  });

  test('an incident in Markdown says that there are no errors, gaps or listeners', () => {
    const coverage = { from: AT, to: AT + 9, listened: [{ from: AT, to: AT + 9 }], gaps: [] };
    const quiet = { ...facts(), cards: [], coverage };
    expect(renderIncident(makeIncident(quiet, OUTSIDERS))).toMatch(
      /No errors\.[^]*A webhook listener ran for the whole period/,
    );
    const deaf = { ...quiet, coverage: { ...coverage, listened: [] } };
    expect(renderIncident(makeIncident(deaf, OUTSIDERS))).toContain('No webhook listener ran in this period');
  });
});

/** What may never leave the team, wherever somebody puts it. */
const CANARIES = [
  'Bearer canary.token',
  'the-token-of-this-process',
  'canary@bank.example',
  '+44 7700 900123',
  '4111 1111 1111 1111',
  'https://me:canary-password@host.example/',
  'client_secret=canary-secret',
  'ada@laptop',
];
const TELLTALES = /canary|the-token-of|7700.?900|4111.?1111|\bada\b|laptop/i;

test('an incident shows no secret and no personal data, whatever events and reasons contain', () => {
  const canary = constantFrom(...CANARIES);
  const text = record({ before: string(), canary, after: string() }).map(
    ({ before, canary: one, after }) => `${before} ${one} ${after}`,
  );
  const events = record({
    status: constantFrom('PRODUCTION_ERROR', ...CANARIES),
    errorCode: text,
    description: text,
    kioskId: text.map((one) => one as KioskId),
    occurredAt: text,
    sentAt: text,
    deliveryId: text,
    eventType: text,
  });
  assert(
    property(events, text, (event, reason) => {
      for (const kind of [productionEvent, orderEvent]) {
        const incident = makeIncident(
          facts(kind('PRODUCTION_ERROR', { receivedAt: AT, ...event }), reason),
          OUTSIDERS,
        );
        expect(JSON.stringify(incident)).not.toMatch(TELLTALES);
        const markdown = renderIncident(incident);
        expect(markdown).not.toMatch(TELLTALES);
        // Nor does it end a cell or a line.
        const rows = markdown
          .split('\n')
          .filter((line) => line.startsWith('| 2026-03-01T11:00:0') && line.includes('operator-1'));
        for (const row of rows) expect(row.match(/\|/g)).toHaveLength(7);
        expect(rows).toHaveLength(3);
      }
    }),
  );
});
