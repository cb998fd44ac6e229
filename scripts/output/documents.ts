// The JSON documents of all commands: one table for schemas/output, docs/json.md and the tests.
import { CARD_DOCUMENTS } from './card-documents.ts';
import type { CommandDocuments } from './document.ts';
import { KIOSK_DOCUMENTS } from './kiosk-documents.ts';
import { SETUP_DOCUMENTS } from './setup-documents.ts';
import { WEBHOOK_DOCUMENTS } from './webhook-documents.ts';

/** In the order of the help: by task. */
export const DOCUMENTS: Readonly<Record<string, CommandDocuments>> = {
  ...CARD_DOCUMENTS,
  ...KIOSK_DOCUMENTS,
  ...WEBHOOK_DOCUMENTS,
  ...SETUP_DOCUMENTS,
};
