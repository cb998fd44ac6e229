import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { isLoopback } from '../../domain/text/words.ts';

export interface BaseUrl {
  /** Without a slash at its end. */
  href: string;
  isLoopback: boolean;
  /** Is it one of Wise's production hosts? */
  isProduction: boolean;
}

/** The vendor's production domains: api.wise.com, api-mtls.transferwise.com, and whatever else it has there. */
const PRODUCTION_HOST = /(^|\.)(wise|transferwise)\.com\.?$/;

/**
 * Reads a base URL: https anywhere, http on this machine only, and no credentials in it.
 * @throws Failure `usage`
 */
export function toBaseUrl(text: string): BaseUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.host === '') {
    throw wrong(
      `“${printable(hideCredentials(text))}” is not a base URL.`,
      'Write it with its scheme, like https://api.wise-sandbox.com.',
    );
  }
  if (url.username || url.password) {
    throw wrong(
      'The base URL has credentials in it.',
      'Take them out; an access token goes into KIOSKCTL_TOKEN.',
    );
  }
  if (url.search || url.hash)
    throw wrong('The base URL has a query or a fragment.', 'Give scheme, host and path only.');
  const isHere = isLoopback(url.hostname);
  if (url.protocol === 'http:' && !isHere) {
    throw wrong(`The base URL ${url.origin} is not encrypted.`, 'Use https; http is for this machine only.');
  }
  return {
    href: url.href.replace(/\/+$/, ''),
    isLoopback: isHere,
    isProduction: PRODUCTION_HOST.test(url.hostname),
  };
}

function hideCredentials(text: string): string {
  return text.replace(/^(\w+:\/\/)?.*@/, '$1[redacted]@').slice(0, 100);
}

function wrong(message: string, hint: string): Failure {
  return new Failure('usage', message, { hint });
}
