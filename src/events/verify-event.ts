import type { Environment } from '../context/context.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { type FailureDocument, failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { RefusedEvent } from '../webhooks/refused-event.ts';
import { PUBLISHED_KEYS, SignatureVerifier } from '../webhooks/signature.ts';

/** The result of a signature check. */
interface Verification {
  valid: boolean;
  /** Source, size and fingerprint of the key. */
  key: string;
  bytes: number;
  exitCode: ExitCode;
  error?: FailureDocument;
}

/**
 * Verifies the signature of a body. If the signature is invalid, checks whether it matches the body without the
 * trailing newline, or another published key.
 * @param verifier contains the expected keys
 */
export function verifyEvent(
  body: Uint8Array,
  { signature, verifier }: { signature: string; verifier: SignatureVerifier },
): Verification {
  const checked = { key: verifier.keyName, bytes: body.length };
  if (verifier.isValid(body, signature)) return { valid: true, ...checked, exitCode: 0 };
  const message = `The signature does not match: ${verifier.keyName} on ${body.length} bytes.`;
  const hint = explain(body, { signature, verifier });
  const error = failure('signature-invalid', message, hint);
  return { valid: false, ...checked, exitCode: error.exitCode, error: error.toDocument() };
}

function explain(
  body: Uint8Array,
  { signature, verifier }: { signature: string; verifier: SignatureVerifier },
): string {
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(signature))
    return 'The signature is not Base64: copy the whole X-Signature-SHA256 header.';
  const trimmed = withoutNewline(body);
  if (trimmed.length < body.length && verifier.isValid(trimmed, signature))
    return 'It matches without the newline at the end, which whatever wrote the file added: remove it.';
  const other = findPublishedKey(body, signature);
  if (other) return `It matches ${other}: this event is of another environment.`;
  return 'Check that the bytes are the raw body, not JSON that was parsed and written again, and that the key is of the environment that sent it.';
}

function withoutNewline(body: Uint8Array): Uint8Array {
  let length = body.length;
  while (length > 0 && (body[length - 1] === 0x0a || body[length - 1] === 0x0d)) length -= 1;
  return body.subarray(0, length);
}

/** Returns the name of the published key that signed a body; undefined if none did. */
function findPublishedKey(body: Uint8Array, signature: string): string | undefined {
  const published = Object.entries(PUBLISHED_KEYS).map(
    ([environment, pem]) => new SignatureVerifier({ pem, source: `the published key of ${environment}` }),
  );
  return published.find((one) => one.isValid(body, signature))?.keyName;
}

/** Path, keys and environment of a listener. */
interface Expected {
  environment: Environment;
  path: string;
  verifier: SignatureVerifier;
}

const LONGEST_PATH = 80;

/** Describes why an event was rejected, and what to check, because our own configuration may be wrong. */
export function describeRefusal(event: RefusedEvent, { environment, path, verifier }: Expected): string {
  return `${causeOf(event, path)} Listener: environment ${environment}, key: ${verifier.keyName}.`;
}

/** Describes rejected events with the same cause. @param count number of events */
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

/** Warns about test notifications for cards of the journal. @param card the latest of these cards */
export function knownTestsWarning(card: string, count: number): string {
  const what =
    count === 1
      ? `A test notification names ${card}, which is in the journal`
      : `${count} test notifications name cards of the journal, like ${card}`;
  return `${what}; nothing changed. Check who sends test notifications.`;
}
