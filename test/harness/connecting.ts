import type { Client } from '../../src/wise/client.ts';
import type { World } from './world.ts';

export interface Connection {
  close: () => void;
  go: (body: unknown) => Promise<unknown>;
}

/** Creates a client that calls a function with each new connection before it is used. */
export function connecting(
  world: World,
  onConnect: (connection: Connection, number: number) => unknown,
): Client {
  const client = world.client();
  const open = client.open.bind(client);
  let number = 0;
  const hooked = async (...parameters: Parameters<typeof open>) => {
    const connection = await open(...parameters);
    number += 1;
    await onConnect(connection, number);
    return connection;
  };
  return Object.assign(client, { open: hooked });
}
