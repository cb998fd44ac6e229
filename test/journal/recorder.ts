// Another process that writes to a journal like a listener: starts listening, says so, keeps each delivery that comes as
// a line of JSON on its standard input, and says when it was kept. Ends with its input, or when it is killed.
import { createInterface } from 'node:readline';
import type { Delivery } from '../../src/journal/journal.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';

const BEAT_MS = 2_000;

const [, , file = '', environment = 'local'] = process.argv;
const journal = openSqliteJournal({ file, environment, now: () => Date.now() });
const listening = await journal.startListener('http://127.0.0.1:8788', Date.now());
const beat = setInterval(() => void journal.heartbeat(listening, Date.now()), BEAT_MS);
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
say({ type: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const delivery = JSON.parse(line) as Omit<Delivery, 'body' | 'receivedAt'>;
  const kept = await journal.keepEvent({ ...delivery, body: Buffer.from(line), receivedAt: Date.now() });
  say({ type: 'kept', id: kept?.id ?? null, at: Date.now() });
}
clearInterval(beat);
await journal.endListener(listening, Date.now());
await journal.close();
