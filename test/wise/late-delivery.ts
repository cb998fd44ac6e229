// Runs in a network namespace of its own: writes a produce request while the network is down, ends it in some way,
// and reports what the kernel delivers once the network is up again. Arguments: kill, or reset.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { openRequest } from '../../src/wise/open-request.ts';

const [role = '', port = ''] = process.argv.slice(2);
if (role === 'client') await writeRequest(port);
else await watchDelivery(role);

async function writeRequest(to: string): Promise<void> {
  const url = `http://127.0.0.1:${to}/production`;
  const request = await openRequest({ method: 'PUT', url, headers: {}, timeout: 5_000 });
  for (const [say, act] of [
    ['connected', () => void request.go({ body: { kioskId: 'WIS00001' }, timeout: 60_000 })],
    ['written', () => request.close()],
    ['closed', () => process.exit()],
  ] as const) {
    process.stdout.write(say);
    await once(process.stdin, 'data');
    act();
  }
}

async function watchDelivery(end: string): Promise<void> {
  network('up');
  const server = createServer();
  const arrived = new Promise<string>((resolve) => {
    server.on('connection', (socket) =>
      socket.on('error', () => undefined).on('data', () => resolve('late')),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port: at } = server.address() as AddressInfo;
  const client = spawn(process.execPath, [import.meta.filename, 'client', String(at)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(client.stdout, 'data');
  network('down');
  client.stdin.write('go');
  await once(client.stdout, 'data');
  if (end === 'reset') {
    client.stdin.write('close');
    await once(client.stdout, 'data');
  }
  client.kill('SIGKILL');
  await once(client, 'exit');
  const isHeld = holdsUnsent(at);
  network('up');
  process.stdout.write(isHeld ? await arrived : 'never');
  process.exit();
}

function network(state: 'up' | 'down'): void {
  execFileSync('ip', ['link', 'set', 'lo', state]);
}

/** True if the kernel still has a connection to a port, with bytes to deliver (proc(5), /proc/net/tcp). */
function holdsUnsent(to: number): boolean {
  const remote = `:${to.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines.some((line) => {
    const [, , address = '', , queues = ''] = line.trim().split(/\s+/);
    return address.endsWith(remote) && !queues.startsWith('00000000:');
  });
}
