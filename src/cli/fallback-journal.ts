import { Failure } from '../domain/errors/failure.ts';
import type { Journal } from '../journal/journal.ts';

/** Lists of all that the journal knows can't be told without it: an empty one would say that all is well. */
const WHOLE = new Set<keyof Journal>([
  'listCards',
  'listCardStates',
  'listCardsAt',
  'listKiosks',
  'listHolds',
  'listActions',
  'listRuns',
  'findRun',
  'listRunCards',
]);

/**
 * A journal for commands that only look: when the file turns out to be unusable, it warns once and goes on with an empty
 * one, because a look is worth having even where nothing can be kept of it.
 * @param open opens the file; `instead` an empty journal that ends with the process
 */
export function makeForgivingJournal(
  { open, instead }: { open: () => Journal; instead: () => Journal },
  warn: (text: string) => void,
): Journal {
  let journal: Journal | null = null;
  let lost: Failure | null = null;
  const forgive = (error: unknown): Journal => {
    if (!(error instanceof Failure) || error.code !== 'journal-unusable') throw error;
    warn(`${error.message} Going on without it: what it knows of cards and attempts is missing here.`);
    journal?.close();
    lost = error;
    journal = instead();
    return journal;
  };
  const current = (): Journal => {
    try {
      return (journal ??= open());
    } catch (error) {
      return forgive(error);
    }
  };
  const only = async (name: keyof Journal, args: unknown[]) => {
    if (lost) throw lost;
    const file = (journal ??= open());
    return Reflect.apply(file[name], file, args);
  };
  // Every method is asked of the file first, and of the empty journal when the file fails.
  return new Proxy(instead(), {
    get: (_, name: keyof Journal) => {
      if (WHOLE.has(name)) return async (...args: unknown[]) => only(name, args);
      const method = current()[name];
      if (name === 'close') return method.bind(journal);
      return async (...args: unknown[]) => {
        try {
          return await Reflect.apply(method, journal, args);
        } catch (error) {
          const other = forgive(error);
          return Reflect.apply(other[name], other, args);
        }
      };
    },
  });
}
