import { request as plainRequest } from 'node:http';
import { Agent, type AgentOptions, request as secureRequest } from 'node:https';
import { connect as connectTcp, isIP, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { findTlsFault, type ProxyCode } from './try.ts';

export interface Proxy {
  url: URL;
  /** User and password, decoded. */
  credentials: { user: string; password: string } | null;
}

/** Proxy and certificate of all connections to the API. */
export interface Network {
  /** null connects directly. */
  proxy: Proxy | null;
  /** For mutual TLS, in PEM. */
  certificate: { cert: string; key: string } | null;
  /** The limit for the proxy to make a connection, in milliseconds. */
  proxyTimeout?: number;
}

/** Longer than any proxy takes: a command that ends with it ends within ten seconds. */
const PROXY_TIMEOUT_MS = 7_000;
/** As long as the longest request. */
const CONNECT_TIMEOUT_MS = 30_000;

/** The TCP socket below each TLS connection. */
const rawSockets = new WeakMap<Duplex, Duplex>();

/** Resets a connection: the kernel delivers nothing that was written and has not arrived yet. */
export function resetConnection(socket: Socket): void {
  const raw = rawSockets.get(socket) ?? socket;
  if (raw instanceof Socket && !('encrypted' in raw)) raw.resetAndDestroy();
  else raw.destroy();
}

/**
 * Keeps connections open between requests, presents the certificate, and connects through the proxy by `CONNECT`.
 * `hpagent`, `https-proxy-agent` and Node's own `proxyEnv` do not suffice: with each, a proxy that doesn't answer blocks a
 * request forever, and `https-proxy-agent` mistakes a refusal of the proxy for the answer of the API.
 * @throws Error of OpenSSL's, with a code
 */
export function makeAgent({ proxy, certificate, proxyTimeout = PROXY_TIMEOUT_MS }: Network): Agent {
  // Made here: a class at the top of the module would load Node's https with every command.
  class ApiAgent extends Agent {
    // Node accepts a stream that is passed later, to the callback.
    override createConnection(
      options: AgentOptions,
      connected: (error: Error | null, stream?: Duplex) => void,
    ): undefined {
      const target = { host: options.host ?? '', port: Number(options.port), timeout: proxyTimeout };
      const secure: Opened = (error, socket) => {
        if (error) return connected(error);
        const stream = super.createConnection(Object.assign(options, { socket })) ?? undefined;
        if (stream && socket) rawSockets.set(stream, rawSockets.get(socket) ?? socket);
        connected(null, stream);
      };
      if (proxy) openTunnel(proxy, target, secure);
      else openSocket(target, secure);
      return undefined;
    }
  }
  return new ApiAgent({ keepAlive: true, ...certificate });
}

function openSocket({ host, port }: { host: string; port: number }, opened: Opened): void {
  // Not referenced yet: a request that gave up does not keep the process running.
  const socket = connectTcp({ host, port, noDelay: true }).unref();
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
    socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }));
  });
  socket.once('error', opened);
  socket.once('connect', () => {
    socket.off('error', opened).setTimeout(0).ref();
    opened(null, socket);
  });
}

type Opened = (error: Error | null, socket?: Duplex) => void;

function openTunnel(
  { url: { hostname, port, protocol }, credentials }: Proxy,
  { host, port: targetPort, timeout }: { host: string; port: number; timeout: number },
  opened: Opened,
): void {
  const isSecure = protocol === 'https:';
  const target = `${host.includes(':') ? `[${host}]` : host}:${targetPort}`;
  const pair = credentials && `${credentials.user}:${credentials.password}`;
  const proxyHost = hostname.replace(/^\[|\]$/g, '');
  const connect = (isSecure ? secureRequest : plainRequest)({
    method: 'CONNECT',
    host: proxyHost,
    // Node would take it from the header, which names the API.
    servername: isIP(proxyHost) ? '' : proxyHost,
    port: port || (isSecure ? 443 : 80),
    path: target,
    headers: {
      host: target,
      ...(pair !== null && { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }),
    },
    agent: isSecure && makeAgent({ proxy: null, certificate: null }),
    signal: AbortSignal.timeout(timeout),
  });
  connect.once('connect', ({ statusCode = 0 }, socket) => {
    if (statusCode === 200) return opened(null, socket);
    socket.destroy();
    opened(refused(statusCode));
  });
  // A proxy that does not know CONNECT answers it like an ordinary request.
  connect.once('response', ({ statusCode = 0 }) => {
    connect.destroy();
    opened(refused(statusCode));
  });
  connect.once('error', (error) => {
    if (error.name === 'AbortError')
      return opened(proxyError('PROXY_SILENT', `the proxy did not answer for ${timeout / 1_000} s`));
    const code = 'code' in error ? String(error.code) : error.name;
    const why = findTlsFault(error)?.reason ?? code;
    opened(proxyError('PROXY_UNREACHABLE', `the proxy could not be reached: ${why}`));
  });
  connect.end();
}

/** Makes the error of a proxy that made no connection to the API, so that nothing can have arrived there. */
function proxyError(code: ProxyCode, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function refused(status: number): Error {
  return status === 407
    ? proxyError('PROXY_CREDENTIALS', 'the proxy wants other credentials (407)')
    : proxyError('PROXY_REFUSED', `the proxy answered ${status}`);
}
