import { beforeEach, describe, expect, test } from 'vitest';
import { type KioskId, parseKioskId } from '../../../src/domain/ids.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { type Fixture } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';

describe.each(JOURNALS)('the holds of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;
  let other: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
    other = fixture.open();
  });

  const hold = (reason: string, more: { kioskId?: KioskId } = {}) => ({
    kioskId: parseKioskId('WIS00001'),
    reason,
    context: 'branch',
    at: fixture.now,
    ...more,
  });

  test('a second hold on a kiosk returns the first one', async () => {
    const first = await journal.holdKiosk(hold('door'));
    expect(first).toMatchObject({
      held: true,
      hold: { reason: 'door', context: 'branch', heldAt: fixture.now },
    });
    fixture.now += 1_000;
    expect(await other.holdKiosk(hold('ribbon'))).toEqual({ ...first, held: false });
    expect(await other.listHolds()).toEqual([first.hold]);
  });

  test('a hold stores its end, and the uptime clock at its start', async () => {
    const end = { endsAt: fixture.now + 60_000, boot: 'b1', uptime: 7 };
    const { hold: held } = await journal.holdKiosk({ ...hold('door'), end });
    expect(held).toMatchObject(end);
    expect(await other.listHolds()).toEqual([held]);
  });

  test('a release ends a hold, and returns it once', async () => {
    const { hold: held } = await journal.holdKiosk(hold('door'));
    expect(await other.releaseKiosk(held, fixture.now)).toEqual(held);
    expect(await other.releaseKiosk(held, fixture.now)).toBeNull();
    expect(await journal.listHolds()).toEqual([]);
    expect(await journal.holdKiosk(hold('again'))).toMatchObject({
      held: true,
      hold: { reason: 'again' },
    });
  });

  test('a release ends the given hold, but no later one', async () => {
    const { hold: seen } = await journal.holdKiosk(hold('door'));
    await other.releaseKiosk(seen, fixture.now);
    fixture.now += 1_000;
    const { hold: later } = await other.holdKiosk(hold('ribbon'));
    expect(await journal.releaseKiosk(seen, fixture.now)).toBeNull();
    expect(await journal.listHolds()).toEqual([later]);
  });

  test('holds of other environments and kiosks are independent', async () => {
    const production = fixture.open('production');
    const { hold: held } = await journal.holdKiosk(hold('door'));
    expect(await production.listHolds()).toEqual([]);
    expect(await production.releaseKiosk(held, fixture.now)).toBeNull();
    expect(
      await journal.releaseKiosk({ ...held, kioskId: parseKioskId('WIS00002') }, fixture.now),
    ).toBeNull();
    expect(await journal.listHolds()).toHaveLength(1);
  });

  test('an attempt is not marked as sent to a kiosk on hold, but to another kiosk', async () => {
    const { attempt } = await fixture.claimed(journal);
    await other.holdKiosk(hold('door'));
    expect(await journal.markSent(attempt, fixture.sending())).toBeNull();
    expect(
      await journal.markSent(attempt, fixture.sending({ kioskId: parseKioskId('WIS00002') })),
    ).toMatchObject({
      outcome: 'sent',
    });
  });

  test('processes that put a kiosk on hold at the same time create one hold', async () => {
    const journals = Array.from({ length: 5 }, () => fixture.open());
    const results = await Promise.all(journals.map((one, index) => one.holdKiosk(hold(`${index}`))));
    expect(results.filter(({ held }) => held)).toHaveLength(1);
    expect(new Set(results.map((one) => one.hold.reason)).size).toBe(1);
  });
});
