import type { Agent } from 'node:http';
import { makeAgent, post } from '../http/post.ts';
import { isSuccess } from '../wire/error-bodies.ts';

/** Reason of a failed delivery. It never has the URL. */
export interface Trouble {
  reason: string;
  /** True if a later delivery may succeed; false if the target refused this one. */
  passes: boolean;
}

interface Message {
  headers: Record<string, string | string[]>;
  body: Uint8Array;
  /** Aborts the request. */
  signal?: AbortSignal;
}

const ANSWER_TIMEOUT_MS = 5_000;
/** Maximum number of connections. One that still sends the body of its response does not delay the next message. */
export const CONNECTIONS = 8;

/** A receiver of messages over HTTP, with persistent connections. */
export class Target {
  readonly #url: URL;
  readonly #agent: Agent;

  /** @param agent null for direct connections */
  constructor(url: URL, agent: Agent | null) {
    this.#url = url;
    this.#agent = agent ?? makeAgent(url, CONNECTIONS);
  }

  /** Sends a message once. Redirects are not followed. @returns null if the target accepted it */
  async send(message: Message): Promise<Trouble | null> {
    const sent = await post({
      ...message,
      url: this.#url,
      timeout: ANSWER_TIMEOUT_MS,
      agent: this.#agent,
    });
    if (sent.kind === 'unreachable') return { reason: sent.reason, passes: true };
    const { httpStatus: status } = sent;
    if (isSuccess(status)) return null;
    return { reason: `answered ${status}`, passes: status >= 500 || [408, 429].includes(status) };
  }

  close(): void {
    this.#agent.destroy();
  }
}
