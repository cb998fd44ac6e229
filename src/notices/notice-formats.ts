import { printableJson } from '../domain/text/terminal-text.ts';
import { slackLink, slackText } from '../output/markup.ts';
import { localTime } from '../output/style.ts';
import type { NoticeFormat } from './check-notify-file.ts';
import { haveSucceeded, type Notice } from './make-notice.ts';

/** Renders a notice for a target. @returns the body of the request: JSON */
export function renderNotice(notice: Notice, format: NoticeFormat): string {
  return printableJson(format === 'slack' ? toSlackMessage(notice) : toNoticeDocument(notice));
}

/** Converts a notice to its JSON form. */
function toNoticeDocument(notice: Notice) {
  return { ...notice, text: textOf(notice) };
}

/** Renders a notice as text of several lines. */
function textOf(notice: Notice): string {
  const lines = factsOf(notice).map(([name, text]) => `${name}: ${text}`);
  const command = notice.command === null ? [] : [`Run: ${notice.command}`];
  return [headline(notice), ...lines, ...command].join('\n');
}

/** Returns the headline of a notice. Production stands out. */
function headline({ kind, environment, title }: Notice): string {
  const name = environment === 'production' ? 'PRODUCTION' : environment;
  return `[${name}] ${kind === 'recovered' ? 'Recovered: ' : ''}${title}`;
}

type Fact = readonly [name: string, text: string];

function factsOf({ environment, kioskId, count, cards, kiosks, hosts, plans, ...notice }: Notice): Fact[] {
  const { since, until, advice } = notice;
  const ofPlans = kioskId === null ? plans.flatMap(({ kioskIds }) => kioskIds) : [];
  const ofCards = kiosks.map(
    ({ kioskId: id, cards: number }) => `${id ?? 'none'}${number > 0 ? ` (${number})` : ''}`,
  );
  const facts: [string, string | null][] = [
    ['Environment', environment],
    ['Kiosk', kioskId],
    ['Kiosks', [...ofCards, ...new Set(ofPlans)].join(', ')],
    ['Cards', listed(cards, count)],
    ['Machines', listed(hosts, count)],
    [
      'Plans',
      count > 1
        ? listed(
            plans.map(({ id, state }) => `${id} (${state})`),
            count,
          )
        : null,
    ],
    ['Since', since && localTime(since)],
    ['Until', until && localTime(until)],
    ['Meaning', advice && [advice.code, advice.meaning].filter((part) => part !== null).join(': ')],
    ['Who acts', advice && advice.owner],
    ['Next step', advice && advice.nextStep],
    ['Contact', advice && advice.contact],
    ['Runbook', advice && advice.link],
  ];
  return facts.flatMap(([name, text]) => (text ? [[name, text] as const] : []));
}

function listed(names: readonly string[], count: number): string {
  const more = count - names.length;
  return names.length > 0 && more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

/** Limits of Slack for the text of a header and of a section, in characters. */
const LONGEST_HEADER = 150;
const LONGEST_SECTION = 3_000;

/** Converts a notice to a message for an incoming webhook of Slack. */
function toSlackMessage(notice: Notice) {
  const isGood = notice.kind === 'recovered' || haveSucceeded(notice.plans);
  const isUrgent = notice.environment === 'production' && !isGood;
  const title = slackText(`${isUrgent ? '🚨 ' : ''}${headline(notice)}`);
  const facts = factsOf(notice).map(
    ([name, text]) => `*${name}:* ${name === 'Runbook' ? slackLink(text) : slackText(text)}`,
  );
  const command = notice.command === null ? [] : [section(`\`\`\`${slackText(notice.command)}\`\`\``)];
  return {
    text: title,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, LONGEST_HEADER) } },
      section(facts.join('\n')),
      ...command,
    ],
  };
}

/** Creates a section of text in which Slack finds no links, channels or names. */
function section(text: string) {
  return { type: 'section', text: { type: 'mrkdwn', text: cut(text, LONGEST_SECTION), verbatim: true } };
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
