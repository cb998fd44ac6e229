import { readdirSync } from 'node:fs';
import { type CatalogueEntry, ERROR_CATALOGUE } from '../../domain/errors/error-catalogue.ts';
import { formatReference } from '../../domain/ids.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { type KnownNames, NO_NAMES, readKnownNames } from '../../journal/known-names.ts';
import { builtInScenarios } from '../../scenarios/built-in-scenarios.ts';
import { readSurface } from '../help/surface.ts';
import { TOPICS } from '../help/topic-names.ts';
import { type ListedContext, listContexts } from '../settings/edit-contexts.ts';
import { findPaths } from '../settings/paths.ts';
import { SETTING_KEYS } from '../settings/setting-table.ts';
import { loadSettings, type Settings } from '../settings/settings.ts';
import { readSettingsFile } from '../settings/settings-file.ts';
import { type Candidate, candidatesFor, plain, type ValueKind } from './candidates.ts';

/** Maximum number of candidates. Shells ask before they print more. */
const LIMIT = 100;

/**
 * Returns the candidates for the scripts of `kioskctl completion`: one per line, with a tab and the description. On any
 * error, the output is empty.
 * @param argv words after `kioskctl complete --`
 * @param root folder of the package
 */
export async function complete(argv: readonly string[], root: string): Promise<string> {
  try {
    const words = argv[0] === '--' ? argv.slice(1) : argv;
    const current = words.at(-1) ?? '';
    const settings = await settingsOf(words);
    const values = (kind: ValueKind) => valuesOf(kind, { settings, current, root });
    const found = candidatesFor(words, { ...readSurface(root), values });
    return found
      .slice(0, LIMIT)
      .map(
        ({ word, about }) =>
          `${[word, printable(about.replaceAll(/\s+/g, ' '))].filter(Boolean).join('\t')}\n`,
      )
      .join('');
  } catch {
    return '';
  }
}

/** Returns the settings that the previous words select; null if they are unusable. */
async function settingsOf(words: readonly string[]): Promise<Settings | null> {
  const valueOf = (flag: string) => {
    const index = words.indexOf(flag);
    const joined = words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1);
    return index >= 0 && index < words.length - 2 ? words[index + 1] : joined || undefined;
  };
  try {
    return await loadSettings({ context: valueOf('--context'), environment: valueOf('--environment') });
  } catch {
    return null;
  }
}

interface Asked {
  settings: Settings | null;
  /** Word at the cursor. */
  current: string;
  /** Folder of the package. */
  root: string;
}

function valuesOf(kind: ValueKind, { settings, current, root }: Asked): Candidate[] {
  switch (kind) {
    case 'scenario':
      return plain(builtInScenarios({ root, files: { list: (folder) => readdirSync(folder) } }));
    case 'card':
      return known(settings).cards.flatMap((card) => cardWord(card, current));
    case 'kiosk':
      return plain([...(settings?.kiosks ?? []), ...known(settings).kiosks]);
    case 'context':
      return contexts().map(({ name, environment }) => ({ word: name, about: environment }));
    case 'program':
      return plain([settings?.program]);
    case 'profile':
      return plain([settings?.profileId, ...contexts().map(({ profileId }) => profileId)]);
    case 'run':
      return plain(known(settings).runs);
    case 'topic':
      return Object.entries(TOPICS).map(([word, about]) => ({ word, about }));
    case 'setting':
      return plain(SETTING_KEYS);
    case 'code':
      return ERROR_CATALOGUE.map(toCandidate);
    case 'production-code':
      return ERROR_CATALOGUE.filter((entry) => entry.kind === 'production').map(toCandidate);
  }
}

function toCandidate({ code, meaning }: CatalogueEntry): Candidate {
  return { word: code, about: meaning };
}

function contexts(): ListedContext[] {
  return listContexts(readSettingsFile(findPaths().settings));
}

function known(settings: Settings | null): KnownNames {
  if (!settings) return NO_NAMES;
  return readKnownNames(settings.paths.journal, settings.environment);
}

/**
 * Returns a card's reference in the form that the user started to type. If several forms match, returns the longest.
 */
function cardWord(card: KnownNames['cards'][number], current: string): Candidate[] {
  const { cardToken, orderId } = card;
  const forms = [card, { ...card, cardToken: null }].filter((form) => form.cardToken ?? form.orderId);
  const bare = current === '' ? [] : forms.map((form) => ({ ...form, profileId: null }));
  const word = [...forms, ...bare].map(formatReference).find((form) => form.startsWith(current));
  if (word === undefined) return [];
  return [{ word, about: cardToken && orderId !== null ? `order ${orderId}` : '' }];
}
