import { redact, redactPersonal } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';

interface Person {
  user: string;
  host: string;
}

export interface Privacy {
  /** True to show the names of operators, for a bundle that stays in the team; otherwise they are numbered. */
  hasNames: boolean;
  /** True to include the reasons that operators entered. */
  hasReasons: boolean;
  /** Secrets known to this process. */
  secrets: readonly string[];
}

/** Replacement for text in an unexpected format. */
export const LEFT_OUT = '[left out]';

/** Pattern of Wise's ids and words: no spaces, no e-mail addresses. */
const WORD = /^[\w.:#/+-]{1,100}$/;

/** Pattern of text in the format of a time. It also matches impossible times. */
const TIME = /^\d{4}-[\d:.TZ+-]{1,40}$/;

const LONGEST_REASON = 500;

/** Redacts the journal's data for readers outside the team. Text passes only if it has the expected format. */
export class IncidentRedactor {
  readonly #privacy: Privacy;
  readonly #names = new Map<string, string>();
  /** Patterns of operators' names in reasons, with their replacements. */
  readonly #mentions: readonly [RegExp, string][];

  /** @param people operators, in the order of their numbers */
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

  /** Redacts an id, status or error code. */
  word(text: string | null): string | null {
    if (text === null) return null;
    return WORD.test(text) ? redactPersonal(redact(text, this.#privacy.secrets)) : LEFT_OUT;
  }

  /** Redacts a time of Wise. */
  time(text: string | null): string | null {
    if (text === null) return null;
    return TIME.test(text) ? text : LEFT_OUT;
  }

  /** Redacts an operator's reason; null if reasons are omitted. */
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
