import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type CardRequest,
  type GivenReference,
  resolveCards,
} from '../../../src/cards/session/resolve-cards.ts';
import type { Context } from '../../../src/context/context.ts';
import { IN_MEMORY } from '../../../src/database/sqlite.ts';
import { parseCardName, parseCardToken, parseReference } from '../../../src/domain/ids.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { openSqliteJournal } from '../../../src/journal/open-journal.ts';

const KNOWN = parseCardToken('ca0c8154-1e14-4464-a1ce-dcea7dc3de52');
const STRANGE = parseCardToken('35050a4a-9521-426e-8109-1396e3687a3e');

let journal: Journal;
let notes: string[];

beforeEach(async () => {
  notes = [];
  journal = openSqliteJournal({ file: IN_MEMORY, environment: 'sandbox', now: () => 0 });
  onTestFinished(() => journal.close());
  await journal.rememberCard(
    { profileId: 7, orderId: 501, cardToken: KNOWN, cardCreatedAt: null, deliveryOption: null },
    0,
  );
});

/** As much of a context as finding out whose cards they are needs. */
function context(more: Partial<Pick<Context, 'profileId' | 'profileIsExplicit'>>): Context {
  const report = { note: (text: string) => void notes.push(text) };
  return { journal, report, profileId: null, profileIsExplicit: false, ...more } as unknown as Context;
}

async function resolve(
  reference: string | GivenReference,
  more: Parameters<typeof context>[0] = {},
): Promise<CardRequest> {
  const given = typeof reference === 'string' ? parseCardName(reference) : reference;
  const [target] = await resolveCards(context(more), [given]);
  if (!target) throw new Error('no target');
  return target;
}

describe('the beginning of a token', () => {
  const twin = parseCardToken('ca0c8154-1e15-4464-a1ce-dcea7dc3de52');
  const addTwin = async () =>
    journal.rememberCard(
      { profileId: 9, orderId: null, cardToken: twin, cardCreatedAt: null, deliveryOption: null },
      0,
    );

  test('the first digits of a token name the only card of the journal with them', async () => {
    expect(await resolve('ca0c8154')).toMatchObject({ profileId: 7, orderId: 501, cardToken: KNOWN });
    await addTwin();
    expect(await resolve('9/ca0c8154')).toMatchObject({ profileId: 9, orderId: null, cardToken: twin });
    expect(await resolve('ca0c8154-1e14')).toMatchObject({ cardToken: KNOWN });
  });

  test('the first digits of a token are refused if several cards have them, and the error lists these', async () => {
    await addTwin();
    await expect(resolve('ca0c8154')).rejects.toMatchObject({
      code: 'invalid-reference',
      exitCode: 2,
      message: `ca0c8154 names 2 cards: 7/${KNOWN}, 9/${twin}.`,
    });
  });

  test('the first digits of a token are refused if no card has them', async () => {
    for (const name of ['35050a4a', '8/ca0c8154'])
      await expect(resolve(name)).rejects.toMatchObject({ code: 'invalid-reference', exitCode: 2 });
  });
});

describe('whose card it is', () => {
  test.each<[string, string, Parameters<typeof context>[0], number]>([
    ['its own profile beats that of the journal', `9/${KNOWN}`, {}, 9],
    ['its own profile beats the default one', '9/601', { profileId: 1001 }, 9],
    ['that of the journal beats the default one', KNOWN, { profileId: 1001 }, 7],
    ['that of the journal, by the order', '501', { profileId: 1001 }, 7],
    ['that of the journal where there is no default', KNOWN, {}, 7],
    ['the default one of what nobody knows', STRANGE, { profileId: 1001 }, 1001],
    ['the explicit one of what nobody knows', '601', { profileId: 1001, profileIsExplicit: true }, 1001],
    ['the explicit one that agrees', `7/${KNOWN}`, { profileId: 7, profileIsExplicit: true }, 7],
  ])('the profile of a card is found by precedence: %s', async (_, reference, more, profileId) => {
    expect((await resolve(reference, more)).profileId).toBe(profileId);
  });

  test.each<[string, string]>([
    ['the reference', '9/601'],
    ['the journal', KNOWN],
    ['the journal, by the order', '501'],
    ['the reference, though the journal agrees', `7/${KNOWN}`],
  ])('an explicit profile that contradicts %s is a mistake', async (_, reference) => {
    await expect(resolve(reference, { profileId: 1001, profileIsExplicit: true })).rejects.toMatchObject({
      code: 'profile-mismatch',
      exitCode: 2,
      hint: expect.stringContaining('--profile-id'),
    });
  });

  test('a card without a profile is an error that explains how to set one', async () => {
    await expect(resolve(STRANGE)).rejects.toMatchObject({
      code: 'input-required',
      exitCode: 2,
      hint: expect.stringContaining('--profile-id'),
    });
  });

  test('a note reports the use of the default profile, and only then', async () => {
    await resolve(STRANGE, { profileId: 1001 });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(STRANGE);
    expect(notes[0]).toContain('1001');
    await resolve(`9/${STRANGE}`, { profileId: 1001 });
    await resolve(KNOWN, { profileId: 1001 });
    await resolve(STRANGE, { profileId: 1001, profileIsExplicit: true });
    expect(notes).toHaveLength(1);
  });
});

describe('a target', () => {
  test('a resolved card has the order that the journal knows', async () => {
    expect(await resolve(KNOWN)).toEqual({ profileId: 7, cardToken: KNOWN, orderId: 501, after: null });
  });

  test('a card that is named by its order gets its card token from the API', async () => {
    expect(await resolve('501')).toEqual({ profileId: 7, cardToken: null, orderId: 501, after: null });
  });

  test('a resolved card keeps the data of a piped document', async () => {
    const passedOn = { exitCode: 4, error: { code: 'x', message: 'm', hint: 'h' } } as const;
    const given = {
      profileId: 1001,
      cardToken: STRANGE,
      orderId: 601,
      after: '2026-03-01T11:00:00.120Z',
      passedOn,
    };
    expect(await resolve(given)).toEqual(given);
  });

  test('resolved cards are in the order of the references, without duplicates', async () => {
    const references = ['9/3', '9/1', '9/2', '9/1'].map(parseReference);
    const targets = await resolveCards(context({}), references);
    expect(targets.map(({ orderId }) => orderId)).toEqual([3, 1, 2]);
  });

  test('no reference resolves to no card', async () => {
    expect(await resolveCards(context({}), [])).toEqual([]);
  });
});
