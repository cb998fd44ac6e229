import { redact, redactPersonal } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';

interface Person {
  user: string;
  host: string;
}

export interface Privacy {
  /** True to name operators, for a bundle that stays in the team; otherwise they are numbered. */
  hasNames: boolean;
  /** True to include the reasons that operators wrote. */
  hasReasons: boolean;
  /** The secrets that this process knows. */
  secrets: readonly string[];
}

/** The replacement for text that has another format than expected. */
export const LEFT_OUT = '[left out]';

/** The format of Wise's ids and words: no spaces, and no characters of an e-mail address. */
const WORD = /^[\w.:#/+-]{1,100}$/;

/** The format of times, including impossible ones. */
const TIME = /^\d{4}-[\d:.TZ+-]{1,40}$/;

const LONGEST_REASON = 500;

/** Redacts the data of a journal for readers outside of the team: text passes only in its expected format. */
export class IncidentRedactor {
  readonly #privacy: Privacy;
  readonly #names = new Map<string, string>();
  /** Names to replace in reasons. */
  readonly #mentions: readonly [RegExp, string][];

  /** @param people in the order in which they are numbered */
  constructor(people: readonly Person[], privacy: Privacy) {
    this.#privacy = privacy;
    for (const person of people) {
      const name = nameOf(person);
      if (!this.#names.has(name)) this.#names.set(name, `operator-${this.#names.size + 1}`);
    }
    this.#mentions = people.flatMap((person) => [
      mention(nameOf(person), this.#numberOf(person)),
      mention(person.user, this.#numberOf(person)),
      mention(person.host, '[host]'),
    ]);
  }

  operator(person: Person): string {
    return this.#privacy.hasNames ? printable(nameOf(person)) : this.#numberOf(person);
  }

  /** Redacts an id, a status or an error code. */
  word(text: string | null): string | null {
    if (text === null) return null;
    return WORD.test(text) ? redactPersonal(redact(text, this.#privacy.secrets)) : LEFT_OUT;
  }

  /** Redacts a time of Wise. */
  time(text: string | null): string | null {
    if (text === null) return null;
    return TIME.test(text) ? text : LEFT_OUT;
  }

  /** Redacts the reason of an operator; null if reasons are left out. */
  reason(text: string | null): string | null {
    if (text === null || !this.#privacy.hasReasons) return null;
    const safe = redactPersonal(redact(text, this.#privacy.secrets));
    const mentions = this.#privacy.hasNames ? [] : this.#mentions;
    return mentions
      .reduce((rest, [name, number]) => rest.replace(name, number), safe)
      .slice(0, LONGEST_REASON);
  }

  #numberOf(person: Person): string {
    return this.#names.get(nameOf(person)) ?? 'operator';
  }
}

function nameOf({ user, host }: Person): string {
  return `${user}@${host}`;
}

/** Returns a pattern for a name as a whole word, and its replacement. */
function mention(name: string, replacement: string): [RegExp, string] {
  const escaped = name.replaceAll(/[^\w\s]/g, String.raw`\$&`);
  return [new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`, 'gi'), replacement];
}
