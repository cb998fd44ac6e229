import { escapeMarkup, plainText } from './plain-text.ts';

/** HTML that is safe to stand in a document as it is. */
export class Markup {
  readonly text: string;

  /** @param text HTML of our own: whatever is from outside goes through `markup` */
  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = string | number | Markup | readonly Markup[] | null | undefined | false;

/** Puts HTML together: texts become text whatever is in them, only other markup stays markup. What is null, undefined or false is left out. */
export function markup(literals: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(literals.reduce((text, literal, index) => text + show(parts[index - 1]) + literal));
}

function show(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escapeMarkup(plainText(String(part)));
}
