import { failure } from '../domain/errors/failure.ts';

/** Parses the URL of a receiver of webhooks. @param where the flag or setting, for messages @throws Failure `usage` */
export function parseReceiverUrl(text: string, where: string): URL {
  const url = URL.parse(text);
  if (url?.username || url?.password) {
    throw failure(
      'usage',
      `The value of ${where} has a user name or a password in it.`,
      'Remove it: the receiver verifies events by their signature.',
    );
  }
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw failure(
    'usage',
    `The value of ${where} is not the URL of a receiver.`,
    'Use an http or https URL, like http://127.0.0.1:3000/webhooks.',
  );
}
