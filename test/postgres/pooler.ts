// A pooler that has one connection to a server, and lends it to a client for each transaction, like PgBouncer.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { portOf } from '../harness/ports.ts';

/** Size of the type and length of a message. */
const HEAD = 5;
/** Messages that the server answers with ReadyForQuery: Query and Sync. */
const COMPLETED: ReadonlySet<string> = new Set(['Q', 'S']);
const READY = message('Z', Buffer.from('I'));
/** The pooler makes up the ids of sessions. */
const KEY = message('K', Buffer.alloc(8, 1));
const AUTHENTICATED = message('R', Buffer.alloc(4));

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(HEAD, type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Calls `take` for each complete message of a stream. @param hasStartup true if its first message has no type */
function onMessages(socket: Socket, take: (message: Buffer) => void, hasStartup: boolean): void {
  let rest: Buffer = Buffer.alloc(0);
  let isStartup = hasStartup;
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const offset = isStartup ? 0 : 1;
      if (rest.length < offset + 4) return;
      const length = offset + rest.readUInt32BE(offset);
      if (rest.length < length) return;
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
      isStartup = false;
    }
  });
}

class Pooler {
  readonly #server: Socket;
  /** The client that has the connection. */
  #client: Socket | null = null;
  #isAuthenticated = false;
  /** Number of requests that the server has not completed: a client may send the next one before. The first is the login. */
  #pending = 1;
  readonly #waiting: { client: Socket; message: Buffer }[] = [];

  constructor(target: PostgresAddress) {
    this.#server = connect(target.port, target.host);
    onMessages(this.#server, (answer) => this.#answer(answer), false);
  }

  add(client: Socket): void {
    let hasStarted = false;
    client.on('error', () => undefined);
    const take = (text: Buffer) => {
      if (!hasStarted && this.#isAuthenticated) client.write(Buffer.concat([AUTHENTICATED, KEY, READY]));
      else if (text[0] !== 'X'.charCodeAt(0)) this.#pass(client, text);
      hasStarted = true;
    };
    onMessages(client, take, true);
  }

  end(): void {
    this.#server.destroy();
  }

  #pass(client: Socket, text: Buffer): void {
    this.#client ??= client;
    if (this.#client === client) {
      if (COMPLETED.has(String.fromCharCode(text[0] ?? 0))) this.#pending += 1;
      this.#server.write(text);
    } else this.#waiting.push({ client, message: text });
  }

  #answer(answer: Buffer): void {
    const type = String.fromCharCode(answer[0] ?? 0);
    this.#client?.write(type === 'K' ? KEY : answer);
    if (type === 'Z') this.#pending -= 1;
    if (!answer.equals(READY) || this.#pending > 0) return;
    this.#isAuthenticated = true;
    this.#client = null;
    for (const { client, message: text } of this.#waiting.splice(0)) this.#pass(client, text);
  }
}

/** Opens a pooler in front of a server. @returns its address */
export async function openPooler(target: PostgresAddress): Promise<PostgresAddress> {
  const pooler = new Pooler(target);
  const server = createServer((client) => pooler.add(client)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    pooler.end();
  });
  return { ...target, port: portOf(server) };
}
