import { wantsFlag } from '../../output/result.ts';
import { makeStyle } from '../../output/style.ts';
import { processIo } from '../terminal/io.ts';
import { commandFirst, findId, leadingWords } from './command-words.ts';
import { type Block, renderPage } from './page.ts';
import { commandPage, groupPage, rootPage } from './pages.ts';
import { idOf, readSurface, type Surface } from './surface.ts';
import { TOPICS, type Topic } from './topic-names.ts';

/** Maximum line width. Longer lines are hard to read, even on a wider terminal. */
const WIDEST = 100;
const DEFAULT_WIDTH = 80;

/**
 * Returns the help text that a command line requests: with `help`, `--help` or `-h`, without a command, or with a group
 * but no subcommand.
 * @param argv words after `kioskctl`
 * @param root folder of the package
 * @returns null if no help is requested, or for an unknown command
 */
export async function requestedHelp(argv: readonly string[], root: string): Promise<string | null> {
  const isTopic = argv[0] === 'help';
  const isHelp = isTopic || argv.length === 0 || wantsFlag(argv, '--help') || wantsFlag(argv, '-h');
  const surface = readSurface(root);
  const takesValue = (name: string) => Object.values(surface.commands)[0]?.flags[name]?.type === 'option';
  const words = leadingWords(commandFirst(isTopic ? argv.slice(1) : argv, takesValue));
  const page = await pageFor(words, { surface, isTopic, isHelp });
  if (!page) return null;
  const { color } = processIo(wantsFlag(argv, '--no-color'));
  const width = Math.min(process.stdout.columns || DEFAULT_WIDTH, WIDEST);
  return renderPage(page, { width, style: makeStyle(color.stdout) });
}

interface Request {
  surface: Surface;
  /** True for `kioskctl help`, whose arguments may name a topic. */
  isTopic: boolean;
  isHelp: boolean;
}

async function pageFor(words: readonly string[], request: Request): Promise<Block[] | null> {
  const { surface, isTopic, isHelp } = request;
  const [first] = words;
  if (first === undefined) return isHelp ? rootPage(surface) : null;
  if (isTopic && isTopicName(first)) {
    const { topicPage } = await import('./topics.ts');
    return topicPage(first, surface);
  }
  const { id, rest } = findId(words, (named) => idOf(surface, named));
  if (id === null) return null;
  const command = surface.commands[id];
  if (command) return isHelp ? commandPage(surface, id, command) : null;
  return rest.length === 0 ? groupPage(surface, id) : null;
}

function isTopicName(word: string): word is Topic {
  return Object.hasOwn(TOPICS, word);
}
