// Servers: the sandbox, a gateway in front of one, and the process of a listener.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import type { User } from './program.ts';
import { checkDocuments } from './schemas.ts';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

interface LoggedRequest {
  method: string;
  path: string;
  status: number;
  effect: boolean;
}

/** Starts a server, and waits for the line with which it is ready. */
export async function readyLine(user: User, args: readonly string[]) {
  const child = spawn(process.execPath, [BINARY, ...args, '--json'], { env: user.env });
  const [text] = await once(child.stdout, 'data');
  checkDocuments(String(text));
  const line: { url: string } = JSON.parse(String(text));
  return {
    line,
    async end(): Promise<void> {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** The sandbox of a user, served over HTTP: an order takes no process of its own. */
export class ServedSandbox {
  readonly url: string;
  /** Ends the server. */
  readonly close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.close = close;
  }

  /** Serves it in the process of the test. */
  static async open(user: User, options: Partial<SandboxOptions> = {}): Promise<ServedSandbox> {
    const speed = Number(user.env.KIOSKCTL_SANDBOX_SPEED);
    const stateFile = join(user.home, 'sandbox.db');
    const sandbox = new Sandbox({ stateFile, speed, callbackCheck: true, ...options });
    const url = await sandbox.listen({ host: '127.0.0.1', port: 0 });
    return new ServedSandbox(url, async () => sandbox.close());
  }

  /** The same as `kioskctl sandbox`, in a process: for tests of the server itself. */
  static async start(user: User, flags: readonly string[] = []): Promise<ServedSandbox> {
    const server = await readyLine(user, ['sandbox', '--port', '0', ...flags]);
    return new ServedSandbox(server.line.url, async () => server.end());
  }

  /** What reached the vendor's API, as far as it has this in its path. */
  async requests(path: string): Promise<LoggedRequest[]> {
    const { requests } = await this.#call<{ requests: LoggedRequest[] }>('GET', '/_sandbox/requests');
    return requests.filter((request) => request.path.includes(path));
  }

  /** The produce requests for a card that arrived. @param card PROFILE/TOKEN */
  async puts(card: string): Promise<LoggedRequest[]> {
    const requests = await this.requests(`${card.split('/')[1]}/production`);
    return requests.filter(({ method }) => method === 'PUT');
  }

  /** Orders a card, as somebody else would. */
  async order(profileId = 1001): Promise<number> {
    const { id } = await this.#call<{ id: number }>('POST', `/v3/spend/profiles/${profileId}/card-orders`, {
      program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
      cardHolderName: 'Sam Sample',
      address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
      deliveryOption: 'KIOSK_COLLECTION',
    });
    return id;
  }

  /** A card that may be produced, ordered by somebody else. */
  async readyCard(): Promise<{ card: string; orderId: number }> {
    const orderId = await this.order();
    const order = `/v3/spend/profiles/1001/card-orders/${orderId}`;
    for (;;) {
      const { cardToken } = await this.#call<{ cardToken: string | null }>('GET', order);
      const { status } = await this.#call<{ status?: string }>(
        'GET',
        `/v3/spend/profiles/1001/cards/${cardToken}/production`,
      );
      if (status === 'READY') return { card: `1001/${cardToken}`, orderId };
    }
  }

  async #call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        // Control requests are made without a token.
        ...(path.startsWith('/v') && {
          authorization: 'Bearer any',
          'x-idempotence-uuid': crypto.randomUUID(),
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return (text ? JSON.parse(text) : undefined) as Answer;
  }
}

/** `read`: a look is held. `before`: the request, before its effect. `after`: its answer. `answered`: the answer is out. */
type Moment = 'read' | 'before' | 'after' | 'answered';

/** A gateway in front of a served sandbox, which can hold a produce request at a chosen moment. */
export class Gateway {
  readonly #server: http.Server;
  readonly #sandbox: ServedSandbox;
  #held: Moment | null = null;
  #others = 0;
  #release: () => void = () => undefined;
  #arrived = new Map<Moment, () => void>();
  #seen = new Set<Moment>();
  /** Method and path of each request, since the last reset. */
  log: string[] = [];
  url = '';

  private constructor(sandbox: ServedSandbox) {
    this.#sandbox = sandbox;
    this.#server = http.createServer((request, response) => void this.#pass(request, response));
  }

  static async open(user: User): Promise<Gateway> {
    const gateway = new Gateway(await ServedSandbox.open(user));
    gateway.#server.listen(0, '127.0.0.1');
    await once(gateway.#server, 'listening');
    gateway.url = `http://127.0.0.1:${(gateway.#server.address() as AddressInfo).port}`;
    return gateway;
  }

  /** Holds the next produce request at this moment, until it is let go. @param others how many pass before it */
  holdAt(moment: Moment, others = 0): void {
    this.#held = moment;
    this.#others = others;
  }

  holdReads(): void {
    this.#held = 'read';
  }

  /** Resolves when a request has come to this moment. */
  async seen(moment: Moment): Promise<void> {
    if (this.#seen.has(moment)) return;
    await new Promise<void>((resolve) => this.#arrived.set(moment, resolve));
  }

  letGo(): void {
    this.#release();
  }

  reset(): void {
    this.#held = null;
    this.letGo();
    this.#seen.clear();
    this.#arrived.clear();
    this.log = [];
  }

  /** How many produce requests for a card a kiosk took. @param card PROFILE/TOKEN */
  async taken(card: string): Promise<number> {
    const puts = await this.#sandbox.puts(card);
    return puts.filter(({ effect }) => effect).length;
  }

  async close(): Promise<void> {
    this.letGo();
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#sandbox.close();
  }

  async #pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.log.push(`${request.method} ${path}`);
    const body = await new Response(request).arrayBuffer();
    const isProduce = request.method === 'PUT' && path.endsWith('/production');
    response.on('error', () => undefined);
    if (request.method === 'GET') await this.#moment('read');
    if (isProduce) {
      const mayGoOn = await this.#moment('before');
      // A request that was held here and whose sender is gone never arrives.
      if (!mayGoOn) return void response.destroy();
    }
    const answer = await fetch(`${this.#sandbox.url}${path}`, {
      method: request.method ?? 'GET',
      headers: { authorization: 'Bearer any', 'content-type': 'application/json', ...idempotency(request) },
      ...(body.byteLength > 0 && { body }),
    });
    const text = await answer.text();
    if (isProduce) await this.#moment('after');
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      date: answer.headers.get('date') ?? '',
    });
    response.end(text, () => {
      if (isProduce) void this.#moment('answered');
    });
  }

  /** @returns false when the request was held and its sender left meanwhile */
  async #moment(moment: Moment): Promise<boolean> {
    const isHeld = this.#held === moment;
    if (isHeld && this.#others > 0) {
      this.#others -= 1;
      return true;
    }
    const held = isHeld ? new Promise<void>((resolve) => (this.#release = resolve)) : null;
    if (isHeld) this.#held = null;
    this.#seen.add(moment);
    this.#arrived.get(moment)?.();
    await held;
    return !isHeld;
  }
}

function idempotency(request: http.IncomingMessage): Record<string, string> {
  const key = request.headers['x-idempotence-uuid'];
  return typeof key === 'string' ? { 'x-idempotence-uuid': key } : {};
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into lines of many shapes
export type Line = any;

/** `kioskctl listen` or `kioskctl serve`, with its output. */
export class ListenerProcess {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  /** The log, on standard error. */
  readonly logs: Line[] = [];
  stderr = '';
  readonly #closed: Promise<number | null>;
  #told: (() => void)[] = [];

  /** @param setUp commands of a shell that run first, like `ulimit` */
  constructor(
    env: Record<string, string | undefined>,
    args: readonly string[],
    { command = ['listen'], setUp }: { command?: readonly string[]; setUp?: string | undefined } = {},
  ) {
    const words = [process.execPath, BINARY, ...command, '--port', '0', '--json', ...args];
    const [program = '', ...rest] =
      setUp === undefined ? words : ['sh', '-c', `${setUp}; exec "$@"`, 'sh', ...words];
    this.child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.child;
    if (!stdout || !stderr) throw new TypeError('no pipes');
    createInterface({ input: stdout }).on('line', (line) => {
      checkDocuments(line);
      this.lines.push(JSON.parse(line));
      for (const told of this.#told.splice(0)) told();
    });
    createInterface({ input: stderr }).on('line', (line) => {
      checkDocuments(line);
      this.stderr += `${line}\n`;
      if (line.startsWith('{')) this.logs.push(JSON.parse(line));
      for (const told of this.#told.splice(0)) told();
    });
    this.#closed = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Starts one, and waits until it is ready. */
  static async start(env: Record<string, string | undefined>, ...args: string[]): Promise<ListenerProcess> {
    const listener = new ListenerProcess(env, args);
    await listener.line('ready');
    return listener;
  }

  /** Starts `kioskctl serve`, and waits until it is ready. */
  static async serve(env: Record<string, string | undefined>, ...args: string[]): Promise<ListenerProcess> {
    return ListenerProcess.serveAfter(undefined, env, ...args);
  }

  /** Starts `kioskctl serve` after commands of a shell, and waits until it is ready. */
  static async serveAfter(
    setUp: string | undefined,
    env: Record<string, string | undefined>,
    ...args: string[]
  ): Promise<ListenerProcess> {
    const server = new ListenerProcess(env, args, { command: ['serve', '--admin-port', '0'], setUp });
    await server.line('ready');
    return server;
  }

  /** HTTP statuses of /health and /ready. */
  async probe(): Promise<number[]> {
    const paths = ['/health', '/ready'];
    return Promise.all(paths.map(async (path) => (await fetch(new URL(path, this.url))).status));
  }

  /** Reads the body of /ready on the admin port. */
  async details(): Promise<Line> {
    return (await fetch(new URL('/ready', this.adminUrl))).json();
  }

  /** Reads a metric. @returns its value by its labels, as in the text format */
  async metric(name: string): Promise<Record<string, number>> {
    const text = await (await fetch(new URL('/metrics', this.adminUrl))).text();
    const samples = [...text.matchAll(/^kioskctl_(\w+)(?:\{(.*)\})? (\S+)$/gm)];
    return Object.fromEntries(
      samples.filter((sample) => sample[1] === name).map((sample) => [sample[2] ?? '', Number(sample[3])]),
    );
  }

  get url(): string {
    return this.lines[0].url;
  }

  get adminUrl(): string {
    return this.lines[0].adminUrl;
  }

  /** The exit code, once it has ended. */
  get ended(): Promise<number | null> {
    return this.#closed;
  }

  /** Waits for the first line of this type that passes the check. */
  async line(type: string, test: (line: Line) => boolean = () => true): Promise<Line> {
    for (;;) {
      const found = [...this.lines, ...this.logs].find((line) => line.type === type && test(line));
      if (found) return found;
      const news = new Promise<'news'>((resolve) => this.#told.push(() => resolve('news')));
      if ((await Promise.race([news, this.#closed])) !== 'news' && !this.#has(type, test))
        throw new Error(`no ${type}: ${this.stderr}${JSON.stringify(this.lines)}`);
    }
  }

  ofType(type: string): Line[] {
    return this.lines.filter((line) => line.type === type);
  }

  /** @returns the exit code */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.#closed;
  }

  #has(type: string, test: (line: Line) => boolean): boolean {
    return [...this.lines, ...this.logs].some((line) => line.type === type && test(line));
  }
}
