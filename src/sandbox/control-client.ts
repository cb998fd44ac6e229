import * as v from 'valibot';
import { failure } from '../domain/errors/failure.ts';
import { decodeJson } from '../domain/text/decode-json.ts';
import type { Fault } from '../wire/fault.ts';

const ANEW = 'Check that it has the same version as this kioskctl, and restart it: kioskctl sandbox';

/** Client for the control endpoint of an embedded sandbox on this machine, in this or another process. */
export class RemoteSandbox {
  readonly #url: () => Promise<string>;

  constructor(url: () => Promise<string>) {
    this.#url = url;
  }

  async putFault(name: string, fault: Fault): Promise<void> {
    await this.#call('PUT', `faults/${encodeURIComponent(name)}`, fault);
  }

  async removeFault(name: string): Promise<void> {
    await this.#call('DELETE', `faults/${encodeURIComponent(name)}`);
  }

  /** Advances the virtual clock. @returns the new virtual time, in milliseconds since the epoch */
  async advance(milliseconds: number): Promise<number> {
    const answer = await this.#call('POST', 'advance', { milliseconds });
    const parsed = v.safeParse(v.object({ now: v.string() }), answer);
    if (parsed.success) return Date.parse(parsed.output.now);
    throw failure('answer-unreadable', "The answer of the embedded sandbox can't be read.", ANEW);
  }

  /** Sends a request to the control endpoint. @throws Failure `unreachable`, `rejected` */
  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const url = `${await this.#url()}/_sandbox/${path}`;
    const answer = await fetch(url, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    }).catch(() => null);
    const text = await answer?.text().catch(() => '');
    if (answer?.ok) return text ? decodeJson(text) : null;
    throw answer
      ? failure('rejected', `The embedded sandbox refused ${method} ${path} (HTTP ${answer.status}).`, ANEW)
      : failure(
          'unreachable',
          `The embedded sandbox does not answer at ${url}.`,
          'Start it (kioskctl sandbox), or leave out --base-url, so that each command serves it.',
        );
  }
}
