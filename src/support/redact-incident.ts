import { redact, redactPersonal } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';

/** Who did something. */
export interface Person {
  user: string;
  host: string;
}

export interface Privacy {
  /** Are operators named, as in a bundle that stays in the team? Otherwise they are numbered. */
  hasNames: boolean;
  /** Are the reasons that operators gave left in? */
  hasReasons: boolean;
  /** Those that this process knows. */
  secrets: readonly string[];
}

/** Stands for what doesn't look like what it should be: it may be anything. */
export const LEFT_OUT = '[left out]';

/** How the vendor writes ids and words: no spaces, and no sign that an address has. */
const WORD = /^[\w.:#/+-]{1,100}$/;

/** Times that can't be read are worth seeing, too. */
const TIME = /^\d{4}-[\d:.TZ+-]{1,40}$/;

const LONGEST_REASON = 500;

/** Makes what a journal keeps fit for people outside of the team: each text by what it may be, and nothing else. */
export class ForOutsiders {
  readonly #privacy: Privacy;
  readonly #names = new Map<string, string>();
  /** Whoever is mentioned in a reason is hidden there, too. */
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

  /** An id, a status, an error code. */
  word(text: string | null): string | null {
    if (text === null) return null;
    return WORD.test(text) ? redactPersonal(redact(text, this.#privacy.secrets)) : LEFT_OUT;
  }

  /** A time, as the vendor writes it. */
  time(text: string | null): string | null {
    if (text === null) return null;
    return TIME.test(text) ? text : LEFT_OUT;
  }

  /** What an operator wrote; null where it is left out. */
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

/** Finds a name as a whole word. */
function mention(name: string, replacement: string): [RegExp, string] {
  const escaped = name.replaceAll(/[^\w\s]/g, String.raw`\$&`);
  return [new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`, 'gi'), replacement];
}
