import { request as plainRequest } from 'node:http';
import { Agent, type AgentOptions, request as secureRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProxyCode } from './network-errors.ts';

export interface Proxy {
  url: URL;
  /** As they are, not as they stand in its address. */
  credentials: { user: string; password: string } | null;
}

/** How requests get to the API: through what, and as whom. */
export interface Network {
  /** null goes straight. */
  proxy: Proxy | null;
  /** For mutual TLS, in PEM. */
  certificate: { cert: string; key: string } | null;
  /** How long the proxy may take to make a connection, in milliseconds. */
  proxyTimeout?: number;
}

/** Longer than any proxy takes, and less than a read waits. */
const PROXY_TIMEOUT_MS = 8_000;

/** Keeps connections open between requests, and knows the certificate. @throws Error of OpenSSL's, with a code */
export function makeAgent({ proxy, certificate, proxyTimeout = PROXY_TIMEOUT_MS }: Network): Agent {
  const options: AgentOptions = { keepAlive: true, ...certificate };
  return proxy ? makeTunnelAgent(proxy, { ...options, proxyTimeout }) : new Agent(options);
}

/**
 * Connects through a proxy, by `CONNECT`. `hpagent`, `https-proxy-agent` and Node's own `proxyEnv` were tried: with each,
 * a proxy that doesn't answer holds a request for ever, because a request without a socket can't be ended, and
 * `https-proxy-agent` takes what a proxy refuses for the answer of the API.
 */
function makeTunnelAgent(
  proxy: Proxy,
  { proxyTimeout, ...rest }: AgentOptions & { proxyTimeout: number },
): Agent {
  // Made here: a class at the top of the module would load Node's https with every command.
  class TunnelAgent extends Agent {
    // Node takes a stream that is handed over later, by the callback.
    override createConnection(
      options: AgentOptions,
      connected: (error: Error | null, stream?: Duplex) => void,
    ): undefined {
      const { host, port } = options;
      openTunnel(proxy, { host: host ?? '', port: Number(port), timeout: proxyTimeout }, (error, socket) => {
        if (error) connected(error);
        else connected(null, super.createConnection(Object.assign(options, { socket })) ?? undefined);
      });
      return undefined;
    }
  }
  return new TunnelAgent(rest);
}

type Opened = (error: Error | null, socket?: Duplex) => void;

function openTunnel(
  { url: { hostname, port, protocol }, credentials }: Proxy,
  { host, port: targetPort, timeout }: { host: string; port: number; timeout: number },
  opened: Opened,
): void {
  const target = `${host.includes(':') ? `[${host}]` : host}:${targetPort}`;
  const pair = credentials && `${credentials.user}:${credentials.password}`;
  const proxyHost = hostname.replace(/^\[|\]$/g, '');
  const connect = (protocol === 'https:' ? secureRequest : plainRequest)({
    method: 'CONNECT',
    host: proxyHost,
    // Node would take it from the header, which names the API.
    servername: isIP(proxyHost) ? '' : proxyHost,
    port: port || (protocol === 'https:' ? 443 : 80),
    path: target,
    headers: {
      host: target,
      ...(pair !== null && { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }),
    },
    agent: false,
    signal: AbortSignal.timeout(timeout),
  });
  connect.once('connect', ({ statusCode = 0 }, socket) => {
    if (statusCode === 200) return opened(null, socket);
    socket.destroy();
    opened(refused(statusCode));
  });
  // A proxy that takes CONNECT for an ordinary request answers it as one.
  connect.once('response', ({ statusCode = 0 }) => {
    connect.destroy();
    opened(refused(statusCode));
  });
  connect.once('error', (error) => {
    const why = 'code' in error ? String(error.code) : error.name;
    opened(proxyError('PROXY_UNREACHABLE', `the proxy could not be reached: ${why}`));
  });
  connect.end();
}

/** The proxy made no connection to the API, so nothing can have arrived there. */
function proxyError(code: ProxyCode, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function refused(status: number): Error {
  return status === 407
    ? proxyError('PROXY_CREDENTIALS', 'the proxy wants other credentials (407)')
    : proxyError('PROXY_REFUSED', `the proxy answered ${status}`);
}
