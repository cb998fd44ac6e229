import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { parseId } from '../../domain/ids.ts';
import { isLoopback } from '../../domain/text/words.ts';
import { listen } from '../../http/server.ts';

interface BrowserLogin {
  /** Origin of Wise's web site with the authorization page, without a trailing slash. */
  site: string;
  clientId: string;
  /** Redirect URI on this machine, as registered with Wise. */
  redirectUri: string;
  /** Shows the URL of the authorization page to the user, or opens it. */
  show: (address: string) => void;
  signal: AbortSignal;
  /** Timeout for the user, in milliseconds. */
  timeout: number;
}

interface Granted {
  code: string;
  /** The profile that granted access; null if the redirect does not name it. */
  profileId: number | null;
  redirectUri: string;
}

const DONE = 'Access was granted. You may close this window and go back to the terminal.';
const REFUSED = 'Access was not granted. Go back to the terminal.';

/**
 * Opens Wise's authorization page, and waits until the browser is redirected here with a code. Requests with another
 * `state` are ignored. Wise documents no PKCE, but the code is useless without the client secret.
 * @throws Failure `usage`, `credentials-refused`, `deadline-passed`; the signal's reason
 */
export async function loginInBrowser(options: BrowserLogin): Promise<Granted> {
  const target = toRedirect(options.redirectUri);
  const server = createServer();
  try {
    const { hostname, port } = target;
    const address = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) };
    const hint = 'Use another --redirect-uri that is registered for your application.';
    const origin = await listen(server, address, (code) =>
      failure('usage', `Nothing can listen on ${hostname}:${port} (${code}).`, hint),
    );
    target.port = new URL(origin).port;
    const state = randomBytes(24).toString('base64url');
    const back = waitForReturn(server, { target, state, ...options });
    const page = new URL(`${options.site}/oauth/authorize/`);
    page.search = String(
      new URLSearchParams({ client_id: options.clientId, redirect_uri: target.href, state }),
    );
    options.show(page.href);
    const granted = await back;
    return { code: granted.code, profileId: toProfile(granted.profile), redirectUri: target.href };
  } finally {
    server.close();
    server.closeIdleConnections();
  }
}

/** Unverified query parameters of the redirect. Any program on this machine can send them. */
interface Returned {
  code: string;
  profile: string | null;
}

async function waitForReturn(
  server: Server,
  { target, state, signal, timeout }: BrowserLogin & { target: URL; state: string },
): Promise<Returned> {
  const { promise, resolve, reject } = Promise.withResolvers<Returned>();
  server.on('request', (request, response) => {
    const url = URL.parse(request.url ?? '/', target.href);
    const isOurs = url?.pathname === target.pathname && url.searchParams.get('state') === state;
    const code = isOurs ? url.searchParams.get('code') : null;
    response.writeHead(code ? 200 : 400, { 'content-type': 'text/plain', connection: 'close' });
    response.end(`${code ? DONE : REFUSED}\n`, () => {
      if (code) resolve({ code, profile: url?.searchParams.get('profileId') ?? null });
      else if (isOurs) reject(notGranted());
    });
  });
  const timer = setTimeout(() => reject(tooLate(timeout)), timeout);
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Parses the redirect URI. It must be http on this machine. @throws Failure `usage` */
function toRedirect(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'http:' && isLoopback(url.hostname)) return url;
  throw failure(
    'usage',
    'The redirect URI has to be http on this machine.',
    'Use one like http://127.0.0.1:8976/callback, which Wise has registered for your application.',
  );
}

function toProfile(text: string | null): number | null {
  return text === null ? null : parseId(text, 'profile id');
}

function notGranted(): Failure {
  return failure(
    'credentials-refused',
    'Access was not granted in the browser.',
    'Log in again, and allow the application to use the profile.',
  );
}

function tooLate(timeout: number): Failure {
  return failure(
    'deadline-passed',
    `Access was not granted within ${timeout / 60_000} minutes.`,
    'Log in again; the address that is shown can be opened in any browser of this machine.',
  );
}
