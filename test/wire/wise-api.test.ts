// All operations of the client against the sandbox, judged by Wise's own description of its API.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv } from 'ajv';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import {
  getCard,
  getProduction,
  listCards,
  openProduce,
  simulateProduction,
  simulateVerification,
} from '../../src/wise/cards.ts';
import {
  CANCELLATION,
  createOrder,
  getOrder,
  getOrderWithHolder,
  listOrders,
  listPrograms,
  listRequirements,
  openCancellation,
  validateAddress,
} from '../../src/wise/orders.ts';
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  sendTestNotification,
} from '../../src/wise/subscriptions.ts';
import { fetchClientToken, renewUserToken } from '../../src/wise/tokens.ts';
import { ADDRESS, DAY, PHYSICAL, TestSandbox, TO_READY, VIRTUAL } from '../harness/sandbox.ts';
import { makeClient } from '../harness/server.ts';

const profileId = 1001;
const clientKey = 'my-client';

/** Does everything that the API can, with each status that a card may have, and what Wise describes of refusals. */
async function exercise(sandbox: TestSandbox, recorder: Recorder): Promise<void> {
  const client = makeClient(recorder.url);
  const order = {
    program: PHYSICAL,
    cardHolderName: 'Ada Example',
    embossedName: 'ADA EXAMPLE',
    phoneNumber: '+447700900123',
    address: ADDRESS,
    deliveryOption: 'KIOSK_COLLECTION' as const,
    lifetimeLimit: 100,
    cardHolderProfileId: 1002,
  };
  await listPrograms(client, profileId);
  await validateAddress(client, {
    profileId,
    address: { ...ADDRESS, secondLine: null, postCode: 'far too long for it' },
  });
  await createOrder(client, { profileId, idempotencyKey: randomUUID(), order });
  await sandbox.createOrder(profileId, { program: VIRTUAL });
  sandbox.clock.time += TO_READY;
  const { orderId, token } = await sandbox.readyCard();
  const cardToken = parseCardToken(token);
  await getOrder(client, { profileId, orderId });
  await getOrderWithHolder(client, { profileId, orderId });
  await listOrders(client, { profileId, page: 1 });
  await listRequirements(client, { profileId, orderId });
  await listCards(client, { profileId, page: 1 });
  await getCard(client, { profileId, cardToken });
  await getProduction(client, { profileId, cardToken });
  const produce = async (kioskId: string) =>
    (await openProduce(client, { profileId, cardToken }, {})).go({ kioskId: parseKioskId(kioskId) });
  await produce('WIS99999');
  await produce('WIS00001');
  await getProduction(client, { profileId, cardToken });
  const failed = { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' } as const;
  await simulateProduction(client, { profileId, cardToken, simulation: failed });
  await getProduction(client, { profileId, cardToken });
  await produce('WIS00001');
  await simulateProduction(client, { profileId, cardToken, simulation: { status: 'PRODUCED' } });
  await getProduction(client, { profileId, cardToken });
  sandbox.clock.time += 5_000;
  await setStatus(recorder, token);
  const replacementDetails = { cardToken: token, reason: 'CARD_DAMAGED' as const };
  await createOrder(client, {
    profileId,
    idempotencyKey: randomUUID(),
    order: { ...order, replacementDetails },
  });
  await (await openCancellation(client, { profileId, orderId: 501 }, {})).go(CANCELLATION);
  sandbox.clock.time += 61 * DAY;
  await listOrders(client, { profileId, page: 1 });
  await simulateVerification(client, 1002);
  await subscriptions(recorder);
  const app = { clientId: 'a', clientSecret: 'b' };
  await fetchClientToken(client, { client: app, source: 'a test' });
  await renewUserToken(client, { client: app, source: 'a test', refreshToken: 'any' });
  sandbox.instance.addFault({ kind: 'answer', method: 'GET', status: 429, times: 1 });
  await listPrograms(client, profileId).catch(() => undefined);
}

/** kioskctl activates no cards: what a cardholder's app would send. */
async function setStatus(recorder: Recorder, token: string): Promise<void> {
  const path = `/v3/spend/profiles/${profileId}/cards/${token}/status`;
  for (const status of ['ACTIVE', 'FROZEN'])
    await fetch(recorder.url + path, {
      method: 'PUT',
      headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
      body: JSON.stringify({ status }),
    });
}

async function subscriptions(recorder: Recorder): Promise<void> {
  const client = makeClient(recorder.url);
  const url = 'https://hooks.bank.example/';
  for (const trigger_on of ['cards#card-production-status-change', 'cards#card-order-status-change'] as const)
    await createSubscription(client, {
      clientKey,
      request: { name: 'n', trigger_on, delivery: { version: '4.0.0', url } },
    });
  const [one] = await listSubscriptions(client, clientKey);
  const name = { clientKey, id: one?.id ?? '' };
  await getSubscription(client, name);
  await sendTestNotification(client, name);
  await deleteSubscription(client, name);
}

describe("Wise's description of its API", () => {
  test("no request of the client and no response of the sandbox violates Wise's API description, over all operations", async () => {
    const sandbox = await TestSandbox.open();
    const recorder = await Recorder.open(sandbox.url);
    await exercise(sandbox, recorder);
    expect(recorder.exchanged.flatMap(violationsOf)).toEqual([]);
    const used = new Set(recorder.exchanged.map((one) => operationOf(one) ?? ''));
    expect([...used].toSorted()).toEqual(OPERATIONS.toSorted());
  });

  const path = '/v3/spend/profiles/1001/cards/ca0c8154-1e14-4464-a1ce-dcea7dc3de52/production';
  const good: Exchanged = {
    method: 'PUT',
    path,
    query: {},
    headers: { 'content-type': 'application/json' },
    body: '{"kioskId":"WIS00001"}',
    status: 200,
    answerHeaders: { 'x-trace-id': 't', 'x-external-correlation-id': 'c' },
    answer: '{"status":"IN_PROGRESS","kioskId":null,"occurredAt":"2026-01-01T00:00:00.123456789Z"}',
  };

  test("no documented example violates Wise's API description", () => {
    expect(violationsOf(good)).toEqual([]);
  });

  test.each<[string, Partial<Exchanged>, string]>([
    ['a path that is none of its own', { path: '/v3/spend/elsewhere' }, 'no operation'],
    ['a query that it does not have', { query: { page: '1' } }, 'no query parameter page'],
    ['a parameter of another type', { path: path.replace('1001', 'me') }, 'path profileId'],
    ['a field that is missing', { body: '{}' }, 'must have required property'],
    ['a field that it does not have', { body: '{"kioskId":"W","pin":1}' }, 'additionalProperty'],
    [
      'a body of another media type',
      { headers: { 'content-type': 'text/plain' } },
      'a body of type text/plain',
    ],
    ['a status that it does not describe', { status: 202 }, 'status 202 is not described'],
    ['an answer with another enum value', { answer: '{"status":"MELTED"}' }, 'must be equal to one of'],
    ['an answer with a field that it does not have', { answer: '{"pan":"4596"}' }, 'additionalProperty'],
    [
      'an answer without its trace id',
      { answerHeaders: { 'x-external-correlation-id': 'c' } },
      'without x-trace-id',
    ],
  ])('finds %s', (_, change, violation) => {
    expect(violationsOf({ ...good, ...change }).join('\n')).toContain(violation);
  });
});

// A proxy in front of the sandbox that records each request with its answer.
export interface Exchanged {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  /** The text of the body; empty without one. */
  body: string;
  status: number;
  answerHeaders: Record<string, string>;
  answer: string;
}

export class Recorder {
  readonly exchanged: Exchanged[] = [];
  readonly #upstream: string;
  url = '';

  private constructor(upstream: string) {
    this.#upstream = upstream;
  }

  static async open(upstream: string): Promise<Recorder> {
    const recorder = new Recorder(upstream);
    const server = createServer((request, response) => void recorder.#pass(request, response)).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    recorder.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return recorder;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const body = await new Response(request).text();
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const answer = await fetch(`${this.#upstream}${url}`, {
      method,
      headers: sent,
      redirect: 'manual',
      ...(body !== '' && { body }),
    });
    const text = await answer.text();
    const answerHeaders = Object.fromEntries(answer.headers);
    const [path = '', query = ''] = url.split('?');
    this.exchanged.push({
      method,
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: sent,
      body,
      status: answer.status,
      answerHeaders,
      answer: text,
    });
    response.writeHead(answer.status, { ...answerHeaders, connection: 'close' }).end(text);
  }
}

// What Wise's own description of its API says against a recorded request or its answer.
interface Schema {
  [keyword: string]: unknown;
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
}

interface Operation {
  parameters: Parameter[];
  body?: { required: boolean; content: Record<string, Schema> };
  answers: Record<string, { schema?: Schema; headers?: string[] }>;
}

const file = new URL('wise-api.json', import.meta.url);
const api = JSON.parse(readFileSync(file, 'utf8')) as {
  operations: Record<string, Operation>;
  schemas: Record<string, Schema>;
};

export const OPERATIONS: readonly string[] = Object.keys(api.operations);

const CORRELATION = 'X-External-Correlation-Id';
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const ajv = new Ajv({ strict: false, allErrors: true, formats: { int64: true, int32: true, uuid: UUID } });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
ajv.addSchema({ $id: 'wise', schemas: closed(api.schemas) as Schema });

/** Makes unknown fields violations, except where Wise allows any. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] =>
    keyword === '$ref' ? [keyword, String(value).replace('#/', 'wise#/')] : [keyword, closed(value)],
  );
  const isOpen = 'additionalProperties' in schema || !('properties' in schema) || !('type' in schema);
  return Object.fromEntries(isOpen ? entries : [...entries, ['additionalProperties', false]]);
}

/** Returns the operation of a request, like `GET /v3/…/{cardToken}`; null for none of Wise's. */
export function operationOf({ method, path }: Pick<Exchanged, 'method' | 'path'>): string | null {
  const fits = (name: string) => {
    const [verb, template = ''] = name.split(' ');
    const pattern = template.replaceAll(/\{[^}]+\}/g, '[^/]+').replace(/\/$/, '');
    return verb === method && new RegExp(`^${pattern}/?$`).test(path);
  };
  // A fixed path comes before one with a parameter in the same place.
  return (
    OPERATIONS.filter(fits).toSorted((left, right) => left.split('{').length - right.split('{').length)[0] ??
    null
  );
}

/** Returns what contradicts the description, each as one line. */
export function violationsOf(exchanged: Exchanged): string[] {
  const name = operationOf(exchanged);
  const operation = name === null ? undefined : api.operations[name];
  if (name === null || !operation) return [`${exchanged.method} ${exchanged.path}: no operation of Wise`];
  return [
    ...parameterFaults(operation, name, exchanged),
    ...bodyFaults(operation, exchanged),
    ...answerFaults(operation, exchanged),
  ].map((fault) => `${name}: ${fault}`);
}

function parameterFaults(
  { parameters }: Operation,
  name: string,
  { path, query, headers }: Exchanged,
): string[] {
  const places = { path: pathParameters(name, path), query, header: headers };
  const known = new Set(parameters.filter((one) => one.in === 'query').map((one) => one.name));
  const unknown = Object.keys(query).filter((one) => !known.has(one));
  return [
    ...unknown.map((one) => `no query parameter ${one}`),
    ...parameters.flatMap(({ name, in: place, required, schema }) => {
      const text = places[place][place === 'header' ? name.toLowerCase() : name];
      if (text === undefined) return required ? [`${place} ${name} is missing`] : [];
      return faults(schema, schema.type === 'integer' ? Number(text) : text, `${place} ${name}`);
    }),
  ];
}

function pathParameters(name: string, path: string): Record<string, string> {
  const segments = path.split('/');
  const template = (name.split(' ')[1] ?? '').split('/');
  return Object.fromEntries(
    template.flatMap((part, index) =>
      part.startsWith('{') ? [[part.slice(1, -1), segments[index] ?? '']] : [],
    ),
  );
}

function bodyFaults({ body }: Operation, { body: text, headers }: Exchanged): string[] {
  if (!body) return text === '' ? [] : ['a body, which the operation does not have'];
  if (text === '') return body.required ? ['the body is missing'] : [];
  const type = headers['content-type']?.split(';')[0] ?? '';
  const schema = body.content[type];
  if (!schema) return [`a body of type ${type}`];
  const value: unknown = type.endsWith('json')
    ? JSON.parse(text)
    : Object.fromEntries(new URLSearchParams(text));
  return faults(schema, value, 'body');
}

/** Wise describes few answers of refused requests: any other 4xx is not judged. */
function answerFaults({ answers }: Operation, exchanged: Exchanged): string[] {
  const { status, answer: text, headers, answerHeaders } = exchanged;
  const described = answers[String(status)];
  if (!described) return status >= 400 && status < 500 ? [] : [`status ${status} is not described`];
  // The correlation id comes back only where one was sent.
  const isDue = (name: string) => name !== CORRELATION || headers[CORRELATION.toLowerCase()] !== undefined;
  const due = (described.headers ?? []).filter(isDue);
  const missing = due.filter((name) => answerHeaders[name.toLowerCase()] === undefined);
  const body = text === '' ? undefined : (JSON.parse(text) as unknown);
  return [
    ...missing.map((name) => `answer ${status} without ${name}`),
    ...(described.schema ? faults(described.schema, body, `answer ${status}`) : []),
    ...(!described.schema && body !== undefined ? [`answer ${status} with a body`] : []),
  ];
}

function faults(schema: Schema, value: unknown, where: string): string[] {
  const isValid = ajv.compile(closed(schema) as Schema);
  if (isValid(value)) return [];
  return (isValid.errors ?? []).map(
    ({ instancePath, message, params }) => `${where}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
