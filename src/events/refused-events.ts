import type { Environment } from '../context/context.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { RefusedEvent } from '../webhooks/refused-event.ts';
import type { SignatureVerifier } from '../webhooks/signature.ts';
import { findPublishedKey } from './verify-event.ts';

/** The path, the keys and the environment of a listener. */
interface Expected {
  environment: Environment;
  path: string;
  verifier: SignatureVerifier;
}

const LONGEST_PATH = 80;

/** Describes why an event was refused, and what to check: the mistake may be on our side. */
export function describeRefusal(event: RefusedEvent, { environment, path, verifier }: Expected): string {
  return `${causeOf(event, path)} Listener: environment ${environment}, key: ${verifier.keyName}.`;
}

/** Describes refused events of one cause. @param count their number */
export function refusedEventsWarning({ count, reason }: { count: number; reason: string }): string {
  const what =
    count === 1
      ? 'What looks like an event of Wise was'
      : `${count} requests that look like events of Wise were`;
  return `${what} refused with 503, so that Wise sends it again: ${reason}`;
}

function causeOf({ cause, path: sentTo, body, signature }: RefusedEvent, path: string): string {
  if (cause === 'path') {
    const shown = printable(sentTo.slice(0, LONGEST_PATH));
    return `it came to the path ${shown}, not ${path}. Check --path, the gateway and the URL of the subscription.`;
  }
  if (signature === null)
    return 'it has no X-Signature-SHA256 header. Check that the gateway passes all headers on.';
  const published = findPublishedKey(body, signature);
  if (published !== undefined)
    return `it is signed for ${published}. Check the environment of the listener, and its --public-key.`;
  return 'its signature is wrong. Check that the key is up to date, and that the gateway does not change the body.';
}
