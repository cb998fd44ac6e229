import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { SimulatedClock } from './clock.ts';
import { makeFolder } from './command-line.ts';

export const START = Date.UTC(2026, 0, 1);
export const PHYSICAL = 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API';
export const VIRTUAL = 'VISA_DEBIT_CONSUMER_UK_1_CARDS_API';
export const DAY = 86_400_000;

/** Milliseconds from an order to READY at speed 1. */
export const TO_READY = 1_300;

export const ADDRESS = {
  firstLine: '56 Shoreditch High St',
  city: 'London',
  postCode: 'E1 6JJ',
  country: 'GB',
};

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
export type Json = any;

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** undefined if the body is not JSON. */
  body: Json;
}

interface CallOptions {
  body?: unknown;
  /** Raw body, instead of `body`. */
  raw?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string | undefined>;
}

/** A sandbox with an HTTP server, and a clock that only the test advances. */
export class TestSandbox {
  readonly instance: Sandbox;
  readonly clock: SimulatedClock;
  readonly stateFile: string;
  url = '';

  private constructor(options: Partial<SandboxOptions> & { clock?: SimulatedClock | undefined }) {
    this.clock = options.clock ?? new SimulatedClock(START);
    this.stateFile = options.stateFile ?? join(makeFolder(), 'sandbox.sqlite');
    this.instance = new Sandbox({
      speed: 1,
      seed: 7,
      now: () => this.clock.now(),
      ...options,
      stateFile: this.stateFile,
    });
  }

  static async open(
    options: Partial<SandboxOptions> & { clock?: SimulatedClock } = {},
  ): Promise<TestSandbox> {
    const sandbox = new TestSandbox(options);
    onTestFinished(() => sandbox.instance.close());
    sandbox.url = await sandbox.instance.listen({ host: '127.0.0.1', port: 0 });
    return sandbox;
  }

  async call(target: string, options: CallOptions = {}): Promise<Reply> {
    const [method = 'GET', path = '/'] = target.split(' ');
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const headers = {
      authorization: 'Bearer some-token',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    };
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: Object.fromEntries(
        Object.entries(headers).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
      ),
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  /** Calls a control endpoint, without a token. */
  async control(target: string, body?: unknown): Promise<Reply> {
    const [method, path] = target.split(' ');
    const reply = await this.call(`${method} /_sandbox/${path}`, {
      body,
      headers: { authorization: undefined },
    });
    if (reply.status >= 400) throw new Error(`${target}: ${reply.text}`);
    return reply;
  }

  createOrder(
    profileId: number,
    { key = randomUUID(), ...fields }: { key?: string } & Record<string, unknown> = {},
  ): Promise<Reply> {
    return this.call(`POST /v3/spend/profiles/${profileId}/card-orders`, {
      body: orderBody(fields),
      headers: { 'x-idempotence-uuid': key },
    });
  }

  async getOrder(profileId: number, orderId: number): Promise<Json> {
    return (await this.call(`GET /v3/spend/profiles/${profileId}/card-orders/${orderId}`)).body;
  }

  /** Orders a card and advances the clock until it is READY. */
  async readyCard(fields: Record<string, unknown> = {}): Promise<{ orderId: number; token: string }> {
    const { body } = await this.createOrder(1001, fields);
    this.clock.time += TO_READY;
    const order = await this.getOrder(1001, body.id);
    return { orderId: order.id, token: order.cardToken };
  }

  produce(token: string, kioskId = 'WIS00001'): Promise<Reply> {
    return this.call(`PUT ${productionPath(token)}`, { body: { kioskId } });
  }

  production(token: string): Promise<Reply> {
    return this.call(`GET ${productionPath(token)}`);
  }

  simulate(token: string, status: string, errorCode?: string): Promise<Reply> {
    return this.call(`POST /v1/simulation/spend/profiles/1001/cards/${token}/production`, {
      body: { status, ...(errorCode !== undefined && { errorCode }) },
    });
  }

  cancel(orderId: number, profileId = 1001): Promise<Reply> {
    return this.call(`PUT /v3/spend/profiles/${profileId}/card-orders/${orderId}/status`, {
      body: { status: 'CANCELLED' },
    });
  }

  async requests(): Promise<Json[]> {
    return (await this.control('GET requests')).body.requests;
  }

  async outbox(): Promise<Json[]> {
    return (await this.control('GET outbox')).body.events;
  }
}

export function productionPath(token: string, profileId = 1001): string {
  return `/v3/spend/profiles/${profileId}/cards/${token}/production`;
}

export function orderBody(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    program: PHYSICAL,
    cardHolderName: 'Ada Example',
    deliveryOption: 'KIOSK_COLLECTION',
    address: ADDRESS,
    ...fields,
  };
}

export function at(offset: number): string {
  return new Date(START + offset).toISOString();
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
