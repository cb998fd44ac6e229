import type { Fields } from './fields.ts';

/** The documents that a command prints, besides its fields and errors that all documents have. */
export interface CommandDocuments {
  /** What the documents are, in a sentence or two. */
  about: string;
  /** The fields of each kind of document, by the name of the kind. */
  kinds: Readonly<Record<string, Fields>>;
}

/** The documents of a command with one kind. */
export function one(about: string, fields: Fields): CommandDocuments {
  return { about, kinds: { document: fields } };
}
