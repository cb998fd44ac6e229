import { request as plainRequest } from 'node:http';
import { Agent, type AgentOptions, request as secureRequest } from 'node:https';
import { connect as connectTcp, isIP, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { findTlsFault, type ProxyCode } from './try.ts';

export interface Proxy {
  url: URL;
  /** Decoded user name and password. */
  credentials: { user: string; password: string } | null;
}

/** Proxy and client certificate of all connections to the API. */
export interface Network {
  /** null for direct connections. */
  proxy: Proxy | null;
  /** Client certificate and key in PEM, for mutual TLS. */
  certificate: { cert: string; key: string } | null;
  /** Timeout for the proxy to connect to the API, in milliseconds. */
  proxyTimeout?: number;
}

/**
 * Default timeout for the proxy, in milliseconds. Working proxies are faster. With this timeout, a command fails within
 * ten seconds if its proxy does not respond.
 */
const PROXY_TIMEOUT_MS = 7_000;
/** Timeout for connecting, in milliseconds. It equals the longest timeout of a request. */
const CONNECT_TIMEOUT_MS = 30_000;

/** The TCP socket below each TLS connection. */
const rawSockets = new WeakMap<Duplex, Duplex>();

/** Resets a connection, so that the kernel discards all undelivered bytes. */
export function resetConnection(socket: Socket): void {
  const raw = rawSockets.get(socket) ?? socket;
  if (raw instanceof Socket && !('encrypted' in raw)) raw.resetAndDestroy();
  else raw.destroy();
}

/**
 * Creates an agent with persistent connections, client certificate and proxy (`CONNECT`). `hpagent`,
 * `https-proxy-agent` and Node's `proxyEnv` are not sufficient: with each of them, a proxy that does not respond blocks
 * a request forever, and `https-proxy-agent` mistakes an error response of the proxy for a response of the API.
 * @throws Error of OpenSSL, with a code
 */
export function makeAgent({ proxy, certificate, proxyTimeout = PROXY_TIMEOUT_MS }: Network): Agent {
  // Declared here, because a class at the top of the module would load `node:https` with every command.
  class ApiAgent extends Agent {
    // The stream is passed to the callback later, which Node supports.
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
  // Unreferenced, so that an abandoned connection attempt does not keep the process running.
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
    // Otherwise, Node would use the Host header, which contains the API's host.
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
  // A proxy without support for CONNECT sends an ordinary response.
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

/** Creates the error for a proxy that did not connect to the API. The API received nothing. */
function proxyError(code: ProxyCode, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function refused(status: number): Error {
  return status === 407
    ? proxyError('PROXY_CREDENTIALS', 'the proxy wants other credentials (407)')
    : proxyError('PROXY_REFUSED', `the proxy answered ${status}`);
}
