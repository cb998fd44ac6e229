// The browser is a test that sends requests of its own, well made or not.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { loginInBrowser } from '../../../src/cli/credentials/browser-login.ts';

/** Starts a login; `page` is the address that a person would open. */
function start() {
  const shown = Promise.withResolvers<URL>();
  const granted = loginInBrowser({
    site: 'https://wise.example',
    clientId: 'my-bank',
    redirectUri: 'http://127.0.0.1:0/back',
    show: (address) => shown.resolve(new URL(address)),
    signal: new AbortController().signal,
    timeout: 10_000,
  });
  granted.catch(() => undefined);
  return { page: shown.promise, granted };
}

function backTo(page: URL, more: Record<string, string>): URL {
  const back = new URL(page.searchParams.get('redirect_uri') ?? '');
  back.search = String(new URLSearchParams({ state: page.searchParams.get('state') ?? '', ...more }));
  return back;
}

/** Sends a request line as it is: `fetch` makes them well. */
async function send(target: string, { port }: URL): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return text(socket);
}

describe('what comes back from the browser', () => {
  test.each(['//', 'http://[', '/back?state=%'])(
    'a login in the browser refuses the return %s, and continues to wait',
    async (target) => {
      const { page, granted } = start();
      const back = backTo(await page, { code: 'code-1', profileId: '1001' });
      expect(await send(target, back)).toMatch(/^HTTP\/1.1 400 /);
      await fetch(back);
      expect(await granted).toMatchObject({ code: 'code-1', profileId: 1001 });
    },
  );

  test('a return from the browser with a bad profile is a failure, not a crash', async () => {
    const { page, granted } = start();
    await fetch(backTo(await page, { code: 'code-1', profileId: 'x' }));
    await expect(granted).rejects.toMatchObject({ code: 'invalid-reference' });
  });
});
