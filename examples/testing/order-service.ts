// The service under test: it prints cards at kiosks, and records the results that Wise reports with webhooks.
import { verify } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface Settings {
  wiseUrl: string;
  wiseToken: string;
  /** The key of Wise that verifies webhooks, in PEM. */
  wisePublicKey: string;
  profileId: number;
}

/** The production of a card, as the app of the bank shows it. */
interface Print {
  status: 'sent' | 'unknown' | 'printing' | 'printed' | 'failed';
  errorCode: string | null;
  /** When the attempt began, as Wise reports it; empty before its first webhook. */
  since: string;
}

interface Webhook {
  event_type: string;
  data: {
    resource: { card_token: string };
    status: string;
    error_code: string | null;
    occurred_at: string;
  };
}

const STATUS: Readonly<Record<string, Print['status']>> = {
  IN_PROGRESS: 'printing',
  PRODUCED: 'printed',
  PRODUCTION_ERROR: 'failed',
};

/** The cards of the service, and what Wise reported about them. */
class Cards {
  readonly #settings: Settings;
  readonly #prints = new Map<string, Print>();
  readonly #deliveries = new Set<string>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  find(cardToken: string): Pick<Print, 'status' | 'errorCode'> | null {
    const { status, errorCode } = this.#prints.get(cardToken) ?? {};
    return status === undefined || errorCode === undefined ? null : { status, errorCode };
  }

  /** Sends a card to a kiosk, once. @returns the status of our answer */
  async print(cardToken: string, kioskId: string): Promise<number> {
    // Never a second request for a card: the first one may have arrived although its answer did not.
    if (this.#prints.has(cardToken)) return 409;
    const attempt: Print = { status: 'sent', errorCode: null, since: '' };
    this.#prints.set(cardToken, attempt);
    const status = await this.#send(cardToken, kioskId).catch(() => 0);
    if (status >= 200 && status < 300) return 202;
    if (status >= 400 && status < 500) {
      this.#prints.delete(cardToken);
      return 502;
    }
    // A webhook may have been faster, and has put another result in the place of this one.
    attempt.status = 'unknown';
    return 504;
  }

  async #send(cardToken: string, kioskId: string): Promise<number> {
    const { wiseUrl, wiseToken, profileId } = this.#settings;
    const { status } = await fetch(
      `${wiseUrl}/v3/spend/profiles/${profileId}/cards/${cardToken}/production`,
      {
        method: 'PUT',
        headers: { authorization: `Bearer ${wiseToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ kioskId }),
      },
    );
    return status;
  }

  /** Records the event of a webhook. @returns the status of our answer */
  receive(body: Buffer, headers: IncomingHttpHeaders): number {
    const signature = Buffer.from(String(headers['x-signature-sha256'] ?? ''), 'base64');
    if (!verify('sha256', body, this.#settings.wisePublicKey, signature)) return 401;
    const deliveryId = String(headers['x-delivery-id']);
    // Wise repeats a delivery whose answer it did not get.
    if (this.#deliveries.has(deliveryId)) return 200;
    this.#deliveries.add(deliveryId);
    const { event_type: type, data }: Webhook = JSON.parse(body.toString());
    if (type === 'cards#card-production-status-change') this.#record(data);
    return 200;
  }

  /** Webhooks may overtake each other: a result stays, unless the event is about a later attempt. */
  #record({ resource, status: word, error_code: errorCode, occurred_at: since }: Webhook['data']): void {
    const status = STATUS[word];
    const known = this.#prints.get(resource.card_token);
    const isFinal = known?.status === 'printed' || known?.status === 'failed';
    if (!status || (known && (since < known.since || (since === known.since && isFinal)))) return;
    this.#prints.set(resource.card_token, { status, errorCode, since });
  }
}

/**
 * Creates the service.
 * - `POST /cards/{cardToken}/print?kiosk=ID` sends a card to a kiosk, once.
 * - `GET /cards/{cardToken}` is the result.
 * - `POST /webhooks` is for Wise.
 */
export function createOrderService(settings: Settings): Server {
  const cards = new Cards(settings);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://service');
    const [, root, cardToken = '', action] = pathname.split('/');
    const body = await buffer(request);
    if (pathname === '/webhooks') {
      response.writeHead(cards.receive(body, request.headers)).end();
    } else if (root === 'cards' && action === 'print') {
      response.writeHead(await cards.print(cardToken, searchParams.get('kiosk') ?? '')).end();
    } else {
      const found = cards.find(cardToken);
      response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found));
    }
  }

  return createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });
}
