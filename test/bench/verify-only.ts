// What receiving can cost at least: a bare server that verifies each body and keeps nothing. Started by webhooks.ts.
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

const key = createPublicKey(readFileSync(process.argv[2] ?? '', 'utf8'));
const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const signature = Buffer.from(String(request.headers['x-signature-sha256']), 'base64');
    const isValid = verify('sha256', Buffer.concat(chunks), key, signature);
    response.writeHead(isValid ? 200 : 401, { 'content-length': 0 });
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`;
  console.log(JSON.stringify({ type: 'ready', url }));
});
