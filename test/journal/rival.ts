// Another process on a journal: claims a card, marks it sent or begins an act if it is told to, or takes a lease on it;
// prints what it got, and stays until its standard input ends or it is killed.
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';

const [, , file = '', act = 'claim', token = ''] = process.argv;
const cardToken = parseCardToken(token);
const journal = openSqliteJournal({ file, environment: 'sandbox', now: () => Date.now() });
const at = Date.now();
if (act === 'lease') await lease();
else await claim();
process.stdin.resume();

async function lease(): Promise<void> {
  const others = await journal.takeLeases([`card ${cardToken}`], 'produce');
  process.stdout.write(JSON.stringify({ id: '', claimed: others.length === 0 }));
}

async function claim(): Promise<void> {
  const { attempt, claimed } = await journal.claim({
    profileId: 1001,
    orderId: 501,
    cardToken,
    kioskId: parseKioskId('WIS00001'),
    reason: null,
    at,
  });
  if (act === 'send') {
    await journal.markSent(attempt, {
      kioskId: parseKioskId('WIS00001'),
      orderId: 501,
      baseline: null,
      correlationId: 'c',
      at,
    });
  }
  if (act === 'act') {
    const subject = { profileId: 1001, orderId: null, cardToken, kioskId: null };
    await journal.startAction({ action: 'cancel', context: 'ci', ...subject, reason: null, at });
  }
  process.stdout.write(JSON.stringify({ id: attempt.id, claimed }));
}
