import type { Context } from '../context/context.ts';
import type { Files } from '../context/files.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { redactWord } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { asSentence, nearestOf } from '../domain/text/words.ts';
import { post } from '../http/post.ts';
import { allOf, inOrder, type LocatedDiagnostic, locate } from '../input/diagnostic.ts';
import { parseYaml, YAML_LIMIT_BYTES } from '../input/yaml-file.ts';
import type { Result } from '../output/result.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { checkNotifyFile, type NotifyTarget } from './check-notify-file.ts';
import { makeTestNotice } from './make-notice.ts';
import { renderNotice } from './notice-formats.ts';

/**
 * Reads a YAML file with the targets of notices.
 * @param hide receives the URLs and their parts, which must not appear in any output
 * @throws Failure `invalid-input` for an unreadable file, a file that other users can read, and mistakes
 */
export async function readNotifyFile(
  file: string,
  { files, hide }: { files: Files; hide: (secret: string) => void },
): Promise<NotifyTarget[]> {
  const text = files.readText(file, { limit: YAML_LIMIT_BYTES, what: 'notify file', isSecret: true });
  const { content, mistakes, placeOf } = await parseYaml(text);
  const { targets, mistakes: wrong } = content === undefined ? NOTHING : checkNotifyFile(content);
  for (const { url } of targets) for (const secret of secretsIn(url)) hide(secret);
  const all = inOrder([...mistakes, ...locate(wrong, placeOf)].map(withoutAddresses));
  if (all.length > 0) throw unusable(file, all);
  return targets;
}

const NOTHING = { targets: [], mistakes: [] };

/** Returns a target by its name. @throws Failure `usage` */
export function findTarget(targets: readonly NotifyTarget[], name: string): NotifyTarget {
  const found = targets.find((one) => one.name === name);
  if (found) return found;
  const names = targets.map((one) => one.name);
  const [meant] = nearestOf(name, names);
  throw failure(
    'usage',
    `The notify file has no target “${printable(redactWord(name.slice(0, 80)))}”.`,
    meant === undefined ? `Its targets: ${names.join(', ')}.` : `Did you mean ${meant}?`,
  );
}

/** Timeout of the response, in milliseconds. */
const LONGEST_WAIT_MS = 15_000;

/** Sends a test notice to a target. @throws Failure `unreachable`, `rejected`, or the signal of the context */
export async function testTarget(ctx: Context, { name, format, url }: NotifyTarget): Promise<Result> {
  const { environment, calendar, signal } = ctx;
  const notice = makeTestNotice({ environment, now: calendar.now() });
  const agent = await ctx.webhooks.openAgent(url);
  const sent = await post({
    url,
    agent: agent ?? false,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(renderNotice(notice, format)),
    timeout: LONGEST_WAIT_MS,
    signal,
  });
  agent?.destroy();
  signal.throwIfAborted();
  if (sent.kind === 'unreachable') throw unreachable(name, sent.reason);
  const { httpStatus } = sent;
  if (!isSuccess(httpStatus)) throw refused(name, httpStatus);
  return {
    exitCode: 0,
    document: { target: name, format, noticeId: notice.id, httpStatus },
    text: (style) => `${style.good('✓')} Target ${name} accepted a test notice (${httpStatus}).\n`,
    references: [name],
  };
}

function unreachable(name: string, reason: string): Failure {
  return failure(
    'unreachable',
    `Target ${name} can't be reached (${reason}).`,
    'Check its url in the notify file. A test notice can safely be sent again.',
  );
}

function refused(name: string, httpStatus: number): Failure {
  return failure(
    'rejected',
    `Target ${name} answered ${httpStatus} to a test notice.`,
    'Check its url and format in the notify file.',
    { httpStatus },
  );
}

/** Returns the texts that reveal a URL: all of it, and the parts that only this URL has. */
function secretsIn(url: URL): string[] {
  const { href, pathname, search, username, password } = url;
  const segments = pathname
    .split('/')
    .filter((segment) => /\d/.test(segment) || segment.length >= LONG_SEGMENT);
  const parts = [...segments, search, ...url.searchParams.values(), username, password];
  return [href, ...parts].flatMap((text) => [text, decoded(text)]);
}

/** Minimum length of a part of a path without digits that may be a secret. Names of folders are shorter. */
const LONG_SEGMENT = 16;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Removes URLs from a diagnostic: the YAML parser quotes the file, and a URL may be a key by mistake. */
function withoutAddresses({ path, message, ...place }: LocatedDiagnostic): LocatedDiagnostic {
  const [safePath, safeMessage] = [path, message].map((text) => text.replace(ADDRESS, '[URL]'));
  return { ...place, path: safePath ?? '', message: safeMessage ?? '' };
}

const ADDRESS = /[^\s“”]*:\/[^\s“”]*/g;

/** Maximum number of mistakes in a message. */
const MOST_SHOWN = 5;

function unusable(file: string, mistakes: readonly LocatedDiagnostic[]): Failure {
  return failure(
    'invalid-input',
    asSentence(`The notify file ${printable(file)} can't be used: ${allOf(mistakes.slice(0, MOST_SHOWN))}`),
    'Each target needs a name, a format (json or slack) and a url.',
  );
}
