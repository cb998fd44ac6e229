import { Failure } from '../domain/errors/failure.ts';
import type { Fault } from './faults/faults.ts';

/** Controls an embedded sandbox that is served somewhere on this machine: by this process, or by another one. */
export class RemoteSandbox {
  readonly #url: () => Promise<string>;

  /** @param url where it is, asked for at the first request */
  constructor(url: () => Promise<string>) {
    this.#url = url;
  }

  async addFault(fault: Fault): Promise<void> {
    await this.#call('POST', 'faults', fault);
  }

  async clearFaults(): Promise<void> {
    await this.#call('DELETE', 'faults');
  }

  async advance(milliseconds: number): Promise<void> {
    await this.#call('POST', 'advance', { milliseconds });
  }

  /** @throws Failure `unreachable`, `rejected` */
  async #call(method: string, path: string, body?: unknown): Promise<void> {
    const url = `${await this.#url()}/_sandbox/${path}`;
    const answer = await fetch(url, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    }).catch(() => null);
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer?.ok) return;
    throw answer
      ? new Failure('rejected', `The embedded sandbox refused ${method} ${path} (HTTP ${answer.status}).`, {
          hint: 'Is it one of this version of kioskctl? Start it anew: kioskctl sandbox',
        })
      : new Failure('unreachable', `The embedded sandbox does not answer at ${url}.`, {
          hint: 'Start it (kioskctl sandbox), or leave --base-url out: then each command serves it itself.',
        });
  }
}
