import * as v from 'valibot';
import { failure } from '../domain/errors/failure.ts';
import { decodeJson } from '../domain/text/decode-json.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import type { Delivery } from '../journal/journal.ts';
import { decodeEvent, decodeIfEvent } from '../webhooks/decode-event.ts';
import { type SignatureVerifier, signatureOf } from '../webhooks/signature.ts';
import {
  DELIVERY_HEADER,
  isTestNotification,
  readEventBody,
  SIGNATURE_HEADER,
  TEST_HEADER,
} from '../wire/events.ts';

/** A webhook parsed from a line of a file. */
interface ImportedDelivery {
  body: Uint8Array;
  signature: string | null;
  deliveryId: string | null;
  isTest: boolean;
  /** Milliseconds since the epoch; null if the line contains no time. */
  receivedAt: number | null;
}

interface Refused {
  refused: string;
  /** True if the signature is invalid or missing. */
  isSignature: boolean;
}

/** Maximum length of a line. The receiver accepts bodies up to 256 KiB; Base64 adds a third. */
const LONGEST_LINE = 512 * 1024;

const base64 = v.pipe(v.string(), v.base64());

/** Schema of a line of `events export`. */
const exported = v.object({
  type: v.literal('event'),
  environment: v.nullish(v.string()),
  bodyBase64: base64,
  signature: v.nullish(v.string(), null),
  deliveryId: v.nullish(v.string(), null),
  test: v.optional(v.boolean(), false),
  receivedAt: v.nullish(v.string(), null),
});

/** Schema of a request in the log of a gateway or a bank's receiver. Header names are case-insensitive. */
const logged = v.object({
  headers: v.record(v.string(), v.union([v.string(), v.array(v.string())])),
  body: v.exactOptional(v.string()),
  bodyBase64: v.exactOptional(base64),
  receivedAt: v.nullish(v.string(), null),
});

/**
 * Parses a line of an import.
 * @throws Failure `environment-mismatch` for an event that was exported from another environment
 */
export function readImportLine(
  text: string,
  { environment, line }: { environment: string; line: number },
): ImportedDelivery | Refused {
  if (text.length > LONGEST_LINE) return refused('it is longer than any event');
  const json = decodeJson(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return refused('it is not a JSON object');
  const own = v.safeParse(exported, json);
  if (own.success) {
    refuseOtherEnvironment(own.output.environment ?? null, { environment, line });
    return fromExport(own.output);
  }
  if ('headers' in json) return fromLog(json);
  if (readEventBody(json)) return bare(text);
  return refused('it is neither an exported event, nor a body with its headers, nor an event of Wise');
}

/** Verifies an imported webhook like a received one, and converts it for the journal. */
export function toDelivery(
  imported: ImportedDelivery | Refused,
  { verifier, unverified, now }: { verifier: SignatureVerifier; unverified: boolean; now: number },
): Delivery | Refused {
  if ('refused' in imported) return imported;
  const { body, signature, deliveryId, isTest } = imported;
  const receivedAt = Math.min(imported.receivedAt ?? now, now);
  if (signature !== null) {
    if (!verifier.isValid(body, signature))
      return refused(`its signature does not match its ${body.length} bytes`, true);
    return { body, signature, deliveryId, isTest, isVerified: true, receivedAt, event: decodeEvent(body) };
  }
  if (!unverified) return refused('it has no signature', true);
  const event = decodeIfEvent(body);
  if (!event) return refused('its body is not an event of Wise');
  // An unverified delivery id could prevent the real delivery from being stored, so it is dropped.
  return { body, signature, deliveryId: null, isTest, isVerified: false, receivedAt, event };
}

function fromExport(line: v.InferOutput<typeof exported>): ImportedDelivery {
  const { bodyBase64, signature, deliveryId, test, receivedAt } = line;
  return {
    body: Buffer.from(bodyBase64, 'base64'),
    signature,
    deliveryId,
    isTest: test,
    receivedAt: timeOf(receivedAt),
  };
}

function fromLog(json: object): ImportedDelivery | Refused {
  const read = v.safeParse(logged, json);
  if (!read.success) return refused('its headers or its body are not text');
  const { headers, body, bodyBase64, receivedAt } = read.output;
  if (body === undefined && bodyBase64 === undefined) return refused('it has no body');
  const named = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const header = (name: string) => (named.has(name) ? [named.get(name)].flat().join(', ') : undefined);
  return {
    body: bodyBase64 === undefined ? Buffer.from(body ?? '') : Buffer.from(bodyBase64, 'base64'),
    signature: signatureOf(header(SIGNATURE_HEADER)),
    deliveryId: [named.get(DELIVERY_HEADER)].flat()[0]?.trim() || null,
    isTest: isTestNotification(header(TEST_HEADER)),
    receivedAt: timeOf(receivedAt),
  };
}

function bare(text: string): ImportedDelivery {
  return {
    body: Buffer.from(text.trim()),
    signature: null,
    deliveryId: null,
    isTest: false,
    receivedAt: null,
  };
}

function refuseOtherEnvironment(
  named: string | null,
  { environment, line }: { environment: string; line: number },
): void {
  if (named === null || named === environment) return;
  throw failure(
    'environment-mismatch',
    `Line ${line} is an event from environment ${printable(named)}.`,
    `This command uses ${environment}. Select the other one with --context or --environment.`,
  );
}

function timeOf(text: string | null): number | null {
  return parseVendorTime(text)?.milliseconds ?? null;
}

function refused(reason: string, isSignature = false): Refused {
  return { refused: reason, isSignature };
}
