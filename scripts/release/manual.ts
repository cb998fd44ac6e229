// The manual: a page of man(7) for each command, group and topic, from the same blocks as their help.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Block } from '../../src/cli/help/page.ts';
import { commandPage, groupPage, rootPage } from '../../src/cli/help/pages.ts';
import { readSurface } from '../../src/cli/help/surface.ts';
import { TOPICS, type Topic } from '../../src/cli/help/topic-names.ts';
import { topicPage } from '../../src/cli/help/topics.ts';
import { dateOf } from './changelog.ts';
import { inTemporaryFolder, pack, packedManifest } from './package.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Page {
  name: string;
  /** 1 for commands, 7 for topics. */
  section: 1 | 7;
  about: string;
  blocks: readonly Block[];
}

/** Returns the pages of the manual by their paths: `man1/kioskctl-produce.1`. */
export function manualPages(): Map<string, string> {
  return new Map(
    allPages().map((page) => [`man${page.section}/${page.name}.${page.section}`, renderManualPage(page)]),
  );
}

/** Packs the manual. @returns the path of the archive */
export function packManual(destination: string): string {
  const { name, version } = packedManifest();
  return inTemporaryFolder((folder) => {
    writeManual(folder);
    const manifest = { name: `${name}-man`, version, private: true };
    return pack(folder, { manifest, destination }).tarball;
  });
}

/** Writes the manual below a folder like `/usr/local/share/man`. */
export function writeManual(folder: string): void {
  for (const section of ['man1', 'man7']) mkdirSync(join(folder, section), { recursive: true });
  for (const [path, text] of manualPages()) writeFileSync(join(folder, path), text);
}

function allPages(): Page[] {
  const surface = readSurface(ROOT);
  const commands = Object.entries(surface.commands);
  const groups = Object.keys(surface.groups).filter((id) => !(id in surface.commands));
  return [
    {
      name: 'kioskctl',
      section: 1,
      about: 'Operate card kiosk collection of Wise Platform.',
      blocks: rootPage(surface),
    },
    ...groups.map((id): Page => {
      const about = surface.groups[id] ?? '';
      return { name: nameOf(id), section: 1, about, blocks: groupPage(surface, id) };
    }),
    ...commands.map(([id, command]): Page => {
      const about = command.summary ?? '';
      return { name: nameOf(id), section: 1, about, blocks: commandPage(surface, id, command) };
    }),
    ...Object.entries(TOPICS).map(([topic, about]): Page => {
      const blocks = [{ text: '' }, ...topicPage(topic as Topic, surface)];
      return { name: nameOf(topic), section: 7, about, blocks };
    }),
  ];
}

function nameOf(id: string): string {
  return `kioskctl-${id.replaceAll(':', '-')}`;
}

/** Renders a help page as man(7): its usage is the synopsis, text without a heading the description. */
function renderManualPage({ name, section, about, blocks: [, ...blocks] }: Page): string {
  const { version } = packedManifest();
  const date = dateOf(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'), version);
  const usage = blocks.filter(({ heading }) => heading === 'USAGE');
  const examples = blocks.filter(({ heading }) => heading === 'EXAMPLES');
  const plain = blocks.filter(({ heading }) => heading === undefined);
  const others = blocks.filter(
    ({ heading }) => heading !== undefined && heading !== 'USAGE' && heading !== 'EXAMPLES',
  );
  const related = name === 'kioskctl' ? ['kioskctl-flags (7)'] : ['kioskctl (1)', 'kioskctl-flags (7)'];
  return [
    `.TH ${name.toUpperCase()} ${section} ${date} "kioskctl ${version}" "Manual of kioskctl"`,
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(about.replace(/\.$/, ''))}`,
    ...usage.flatMap(({ lines = [] }) => ['.SH SYNOPSIS', ...lines.map((line) => `.B ${escaped(line)}`)]),
    ...(plain.length === 0
      ? []
      : [
          '.SH DESCRIPTION',
          ...plain
            .map(body)
            .flatMap((one, index) => (index === 0 || one[0]?.startsWith('.') ? one : ['.PP', ...one])),
        ]),
    ...others.flatMap((block) => [`.SH ${escaped(block.heading ?? '')}`, ...body(block)]),
    ...examples.flatMap((block) => ['.SH EXAMPLES', ...body(block)]),
    '.SH SEE ALSO',
    related
      .filter((page) => page !== `${name} (${section})`)
      .map((page) => `.BR ${escaped(page)}`)
      .join(' ,\n'),
    '',
  ].join('\n');
}

function body({ text, rows = [], lines = [] }: Block): string[] {
  const paragraphs = text === undefined ? [] : text.trim().split(/\n\s*\n/);
  return [
    ...paragraphs.flatMap((paragraph, index) => [
      ...(index === 0 ? [] : ['.PP']),
      ...paragraph.split('\n').map((line) => escaped(line.trim())),
    ]),
    ...rows.flatMap(([word, meaning]) => ['.TP', `.B ${escaped(word)}`, escaped(meaning || word)]),
    ...(lines.length === 0 ? [] : ['.nf', ...lines.map((line) => escaped(line) || '.sp'), '.fi']),
  ];
}

/** Escapes text for roff: backslashes, hyphens of flags, and a control character at the start of a line. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '\\&...')
    .replaceAll('“', '\\(lq')
    .replaceAll('”', '\\(rq')
    .replaceAll("'", '\\(aq')
    .replace(/^(?=[.'])/, '\\&');
}
