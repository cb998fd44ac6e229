// A network between a client and its server that breaks, at a COMMIT or otherwise, or forwards nothing for a while.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';

/** The part of the next COMMIT that gets lost. */
type Loss = 'the COMMIT' | 'its answer' | null;

export class CuttingProxy {
  /** Applies to one COMMIT. */
  loses: Loss = null;
  #refusesAfter = false;
  #lonely: RegExp | null = null;
  #freezing: { statement: RegExp; isForwarded: boolean } | null = null;
  /** Number of COMMITs that were lost. */
  losses = 0;
  #trigger: { statement: RegExp; loss: Loss; refusing: boolean } | null = null;
  /** Ends each new connection immediately. */
  refuses = false;
  #isFrozen = false;
  /** True to leave the server in the belief that its clients are still connected. */
  hidesCuts = false;
  /** What happens to connections at the end of a freeze, because one side has ended them. */
  #frozenEnds: (() => void)[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  readonly #server = createServer((client) => this.#forward(client));
  readonly #target: PostgresAddress;

  private constructor(target: PostgresAddress) {
    this.#target = target;
  }

  static async open(target: PostgresAddress): Promise<{ proxy: CuttingProxy; address: PostgresAddress }> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    onTestFinished(() => proxy.close());
    const place = proxy.#server.address();
    if (place === null || typeof place === 'string') throw new Error('no port');
    return { proxy, address: { ...target, port: place.port } };
  }

  /**
   * Loses a part of the COMMIT of the transaction with a statement that was not prepared before.
   * @param options.refusing also ends each later connection
   */
  loseAfter(statement: RegExp, loss: Loss, { refusing = false } = {}): void {
    this.#trigger = { statement, loss, refusing };
  }

  /** Ends all connections but that of a statement which was not prepared before, when that statement is sent. */
  cutOthersAt(statement: RegExp): void {
    this.#lonely = statement;
  }

  /** Ends all connections; new ones are possible. */
  cut(): void {
    for (const socket of this.#clients) socket.destroy();
    this.#clients.clear();
  }

  /**
   * Forwards nothing until `thaw`, without ending a connection.
   * @param options.isForAll false if new connections are forwarded
   */
  freeze({ isForAll = true } = {}): void {
    this.#isFrozen = isForAll;
    for (const socket of this.#sockets) socket.pause();
  }

  /**
   * Freezes everything at a statement that was not prepared before.
   * @param options.isForwarded true if the server receives the statement; its answer is not forwarded
   */
  freezeAt(statement: RegExp, { isForwarded = false } = {}): void {
    this.#freezing = { statement, isForwarded };
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const end of this.#frozenEnds.splice(0)) end();
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #arm({ loss, refusing }: { loss: Loss; refusing: boolean }): void {
    this.#trigger = null;
    this.loses = loss;
    this.#refusesAfter = refusing;
  }

  #cutAllBut(...kept: Socket[]): void {
    this.#lonely = null;
    for (const socket of this.#sockets) if (!kept.includes(socket)) socket.destroy();
  }

  #forward(client: Socket): void {
    if (this.refuses) return void client.destroy();
    const server = connect(this.#target.port, this.#target.host);
    this.#clients.add(client);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      if (this.#isFrozen) socket.pause();
    }
    const end = () => {
      if (this.#isFrozen) return void this.#frozenEnds.push(end);
      client.destroy();
      if (!this.hidesCuts) server.destroy();
    };
    client.on('close', end);
    server.on('close', end);
    client.on('data', (bytes) => {
      if (this.#lonely?.test(bytes.toString('latin1'))) this.#cutAllBut(client, server);
      if (this.#freezing?.statement.test(bytes.toString('latin1'))) {
        const { isForwarded } = this.#freezing;
        this.#freezing = null;
        this.freeze();
        if (!isForwarded) return;
      }
      if (this.#trigger?.statement.test(bytes.toString('latin1'))) this.#arm(this.#trigger);
      const loss = bytes.includes('COMMIT') ? this.loses : null;
      if (loss !== null) {
        this.loses = null;
        this.losses += 1;
        this.refuses ||= this.#refusesAfter;
      }
      if (loss === 'the COMMIT') return end();
      if (loss === 'its answer') server.removeAllListeners('data').once('data', end);
      server.write(bytes);
    });
    server.on('data', (bytes) => void client.write(bytes));
  }
}
