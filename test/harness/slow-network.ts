// A network between a client and its PostgreSQL server that takes time, and counts the round trips.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { portOf } from './ports.ts';

/** By which a process shows that it is running, beside its work. */
const HEARTBEAT = 'SELECT 1\0';

export class SlowNetwork {
  /** Requests that were sent after a response, on all connections; without those of the presence. */
  roundTrips = 0;
  readonly #delay: number;
  readonly #target: PostgresAddress;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (client) => this.#forward(client));

  private constructor(target: PostgresAddress, delay: number) {
    this.#target = target;
    this.#delay = delay;
  }

  /** @param delay milliseconds that each direction takes */
  static async open(
    target: PostgresAddress,
    delay: number,
  ): Promise<{ network: SlowNetwork; address: PostgresAddress }> {
    const network = new SlowNetwork(target, delay);
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    return { network, address: { ...target, port: portOf(network.#server) } };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #forward(client: Socket): void {
    const server = connect({ port: this.#target.port, host: this.#target.host, noDelay: true });
    let isAnswered = true;
    this.#connect(client, server, (bytes) => {
      if (isAnswered && !bytes.includes(HEARTBEAT)) this.roundTrips += 1;
      isAnswered = false;
    });
    this.#connect(server, client, () => {
      isAnswered = true;
    });
  }

  #connect(from: Socket, to: Socket, onBytes: (bytes: Buffer) => void): void {
    this.#sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => to.destroy());
    from.on('data', (bytes) => {
      setTimeout(() => {
        onBytes(bytes);
        to.write(bytes);
      }, this.#delay);
    });
  }
}
