// Notices of a real server: from an event of Wise to the target, and the URL of the target nowhere else.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { deliver, EventSigner, productionBody } from '../harness/events.ts';
import { User } from '../harness/program.ts';
import { schemaErrors } from '../harness/schemas.ts';
import { ListenerProcess } from '../harness/served.ts';
import { Receiver } from '../harness/server.ts';

const signer = new EventSigner();
const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox' });
const key = join(user.home, 'key.pem');
writeFileSync(key, signer.publicKey);
afterAll(() => user.leave());

const SECRET = 's3cr3t-path-of-the-hook';

async function send(url: string, status: string, card: number): Promise<void> {
  const cardToken = `${String(card).padStart(8, '0')}-1e14-4464-a1ce-dcea7dc3de52`;
  const resource = { type: 'card', profile_id: '1001', client_id: 'x', card_token: cardToken };
  const occurredAt = new Date().toISOString();
  const more = {
    resource,
    error_code: status === 'PRODUCED' ? null : 'PRD_HOPPER_DOOR',
    occurred_at: occurredAt,
  };
  const body = Buffer.from(productionBody(status, more));
  const deliveryId = `${status} ${card}`;
  expect(await deliver(url, { body, signature: signer.sign(body), deliveryId })).toBe(200);
}

test('a server notifies a target once of twelve failures, and once when they are over, and shows its URL nowhere', async () => {
  const target = await Receiver.open();
  const file = join(user.home, 'notify.yaml');
  writeFileSync(file, `targets: [{name: on-call, format: json, url: '${target.url}/${SECRET}'}]\n`, {
    mode: 0o600,
  });
  const flags = ['--public-key', key, '--notify-file', file, '--notify-after', '2s', '--verbose', '--debug'];
  const server = await ListenerProcess.serve(user.env, ...flags);
  onTestFinished(() => void server.child.kill('SIGKILL'));
  for (let card = 1; card <= 12; card += 1) await send(server.url, 'PRODUCTION_ERROR', card);
  await target.got(1);
  for (let card = 1; card <= 12; card += 1) await send(server.url, 'PRODUCED', card);
  const arrived = (await target.got(2)).map(({ body }) => body);
  expect(arrived).toMatchObject([
    {
      kind: 'failed',
      count: 12,
      environment: 'sandbox',
      title: '12 cards failed at WIS00001: PRD_HOPPER_DOOR',
    },
    { kind: 'recovered', problem: 'failed', count: 0 },
  ]);
  for (const notice of arrived) expect(schemaErrors(notice, 'notice.json')).toEqual([]);
  const words = readFileSync(`/proc/${server.child.pid}/cmdline`, 'utf8');
  expect(await server.end()).toBe(0);
  const files = readdirSync(user.home, { recursive: true, encoding: 'utf8' })
    .map((name) => join(user.home, name))
    .filter((path) => path !== file && statSync(path).isFile());
  const texts = [
    words,
    server.stderr,
    JSON.stringify(server.lines),
    ...files.map((path) => readFileSync(path, 'latin1')),
  ];
  expect(texts.filter((text) => text.includes(SECRET))).toEqual([]);
}, 60_000);
