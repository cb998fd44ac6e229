// Listens, prints its port, and accepts no connection: the test suspends it, so that its queue fills up.
import { type AddressInfo, createServer } from 'node:net';

const server = createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  process.stdout.write(String((server.address() as AddressInfo).port));
});
