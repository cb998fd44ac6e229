import { setTimeout as pause } from 'node:timers/promises';
import { Sandbox } from '../../src/sandbox/sandbox.ts';

// One of several processes that share a state file: orders the same ten cards as the others, and sends each to a
// kiosk. Prints those that it could send.

const [, , stateFile = ''] = process.argv;
const sandbox = new Sandbox({ stateFile, speed: 1_000 });
const url = await sandbox.listen({ host: '127.0.0.1', port: 0 });
const profile = '/v3/spend/profiles/1001';

async function call(target: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const [method = 'GET', path = ''] = target.split(' ');
  return fetch(url + path, {
    method,
    headers: { authorization: 'Bearer x', 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the endpoint
async function read<Body>(response: Response): Promise<Body> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (await response.json()) as Body;
}

const body = {
  program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
  cardHolderName: 'Ada Example',
  deliveryOption: 'KIOSK_COLLECTION',
  address: { firstLine: '1 Road', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
};
const accepted: string[] = [];
const statuses: number[] = [];
for (let index = 0; index < 10; index += 1) {
  const key = `054064c9-e01e-49fb-8fd9-b0990b9442f${index}`;
  const created = await call(`POST ${profile}/card-orders`, body, { 'x-idempotence-uuid': key });
  const { id } = await read<{ id: number }>(created);
  await pause(5);
  const order = await call(`GET ${profile}/card-orders/${id}`);
  const { cardToken } = await read<{ cardToken: string }>(order);
  const answer = await call(`PUT ${profile}/cards/${cardToken}/production`, { kioskId: 'WIS00001' });
  await answer.text();
  statuses.push(answer.status);
  if (answer.status === 200) accepted.push(cardToken);
}
await sandbox.close();
process.stdout.write(JSON.stringify({ accepted, statuses }));
