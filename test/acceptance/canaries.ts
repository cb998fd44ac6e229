// Secrets that can be found again wherever they turn up, and a vendor that says them again wherever it can.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { type Certificate, makeCertificate } from '../wise/certificate.ts';
import { listen } from '../wise/proxy.ts';

/** In each secret, so that a part of one is found, too. No shape of secrets knows it. */
const MARK = 'c4nary-mark';

/** A secret that nobody else has; its end needs encoding in addresses and forms. */
export function canary(source: string): string {
  return `${MARK}-${source}+/${MARK}==`;
}

export const PERSON = {
  cardHolderName: 'Quillon Featherstonehaugh',
  phoneNumber: '+447700900123',
  address: { firstLine: '77 Gobbledegook Lane', city: 'Quagmireton', postCode: 'ZQ9 9QZ', country: 'GB' },
};
const PERSONAL = ['Quillon', 'Featherstonehaugh', '7700900123', 'Gobbledegook', 'Quagmireton', 'ZQ9 9QZ'];
/** The details of a card, in every answer, under the names that the API of Wise and others have for them. */
const DIGITS = {
  cardNumber: '4929977310289173',
  pan: '4929 9773 1028 9173',
  maskedNumber: '492997******9173',
  lastFourDigits: 'digits-9173',
  bankIdentificationNumber: 'bin-492997',
  cvv: 'cvv-861',
  cvv2: 'cvv-861',
  expiryDate: 'expiry-2031-07',
};

/** The mark as it looks inside of Base64, wherever it begins there. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const whole = Buffer.from('x'.repeat(shift) + text).toString('base64');
    return whole.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + text.length) * 8) / 6));
  });
}

export class Canaries {
  readonly #traces: [name: string, text: string][] = [MARK, ...inBase64(MARK)].map((text) => [
    'a secret',
    text,
  ]);

  constructor() {
    for (const text of PERSONAL) this.#traces.push(['personal data', text]);
    for (const text of Object.values(DIGITS)) this.#traces.push(['a card number, CVV or expiry', text]);
  }

  /** A private key has no mark: each line of it is one. */
  addKey(pem: string): void {
    for (const line of pem.split('\n'))
      if (line.length > 20 && !line.startsWith('-')) this.#traces.push(['a private key', line]);
  }

  /** What of them is in a text, each with what stands around it. */
  find(text: string): string[] {
    return this.#traces.flatMap(([name, trace]) => {
      const at = text.indexOf(trace);
      return at === -1 ? [] : [`${name}: …${text.slice(Math.max(0, at - 60), at + 60)}…`];
    });
  }

  /** The same in all files of a folder, but for those that may have them. */
  findInFiles(folder: string, { but }: { but: readonly string[] }): string[] {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !but.includes(name) && lstatSync(join(folder, name)).isFile())
      .flatMap((name) =>
        this.find(readFileSync(join(folder, name), 'latin1')).map((one) => `${name}: ${one}`),
      );
  }
}

/** `403`: it wants the user's own approval. */
export type Manner = 'good' | '401' | '403' | '422' | '500' | 'network';

/** A vendor behind TLS that knows a client by its certificate: a sandbox that echoes what it is told, wherever it can. */
export class EchoingVendor {
  readonly host = 'api.kioskctl.test';
  readonly ca: Certificate = makeCertificate({ commonName: 'A private authority', isCa: true });
  readonly client: Certificate = makeCertificate({ commonName: 'A bank', issuer: this.ca });
  readonly #upstream: string;
  /** Told of each request, with what its address begins with. */
  onRequest: (run: number) => void = () => undefined;
  port = 0;

  constructor(upstream: string) {
    this.#upstream = upstream;
  }

  async open(): Promise<void> {
    const { key, cert } = makeCertificate({ commonName: this.host, issuer: this.ca });
    const options = { key, cert, ca: this.ca.cert, requestCert: true, rejectUnauthorized: true };
    this.port = await listen(
      createServer(options, (request, response) => void this.#answer(request, response)),
    );
  }

  /** Where the API is for one run of a command. @param isEverywhere it answers so where tokens are fetched, too */
  url(run: number, manner: Manner, isEverywhere = false): string {
    return `https://${this.host}/${run}/${manner}${isEverywhere ? '-everywhere' : ''}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, run = '', manner = '', path = ''] = /^\/(\d+)\/([\w-]+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const sent = Buffer.from(await new Response(request).arrayBuffer()).toString();
    this.onRequest(Number(run));
    const { authorization = '' } = request.headers;
    const [, token = ''] = authorization.split(' ');
    const said = `${authorization} and ${token} and ${sent}`;
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-trace-id', `trace-${token}`);
    response.setHeader('www-authenticate', `Custom realm="${said.replaceAll(/[^ -~]/g, ' ')}"`);
    response.setHeader('x-echo', said.replaceAll(/[^ -~]/g, ' '));
    response.setHeader('set-cookie', `session=${token}`);
    response.setHeader('x-2fa-approval', canary('one-time'));
    const [status = '', isEverywhere] = manner.split('-');
    if (status !== 'good' && (isEverywhere || path !== '/oauth/token')) {
      if (status === 'network') return void request.socket.destroy();
      if (status === '403') response.setHeader('x-2fa-approval-result', 'REJECTED');
      const error = {
        ...DIGITS,
        code: `CODE_${token}`,
        message: `${said} and ${canary('one-time')}`,
        errors: [{ code: token, path: token, message: said }],
      };
      return void response.writeHead(Number(status)).end(JSON.stringify(error));
    }
    const answer = await fetch(`${this.#upstream}${path}`, {
      method: request.method ?? 'GET',
      headers: forwarded(request),
      redirect: 'manual',
      ...(sent !== '' && { body: sent }),
    });
    const text = await answer.text();
    const location = answer.headers.get('location');
    if (location) response.setHeader('location', location);
    response.writeHead(answer.status);
    response.end(text.startsWith('{') ? JSON.stringify(echoed(JSON.parse(text), said)) : text);
  }
}

function forwarded({ headers }: IncomingMessage): Record<string, string> {
  const { authorization = '', 'content-type': type, 'x-idempotence-uuid': key } = headers;
  return {
    // The sandbox has no canaries in it.
    authorization: authorization.startsWith('Basic') ? 'Basic YTpi' : 'Bearer any',
    ...(type && { 'content-type': type }),
    ...(typeof key === 'string' && { 'x-idempotence-uuid': key }),
  };
}

let tokens = 0;

/** An answer that says again what it was told, and tokens that can be found again. */
function echoed(body: object, said: string): object {
  tokens += 1;
  return {
    ...body,
    ...DIGITS,
    echo: `${said} and ${canary('one-time')}`,
    ...('access_token' in body && { access_token: canary(`access-${tokens}`) }),
    ...('refresh_token' in body && { refresh_token: canary(`refresh-${tokens}`) }),
    ...('description' in body && body.description !== null && { description: `Opened by ${said}` }),
    ...('cardOrders' in body &&
      Array.isArray(body.cardOrders) && {
        cardOrders: body.cardOrders.map((order: object) => ({ ...order, ...DIGITS })),
      }),
    ...('cards' in body &&
      Array.isArray(body.cards) && {
        cards: body.cards.map((card: object) => ({
          ...card,
          ...DIGITS,
          cardHolderName: PERSON.cardHolderName,
        })),
      }),
  };
}
