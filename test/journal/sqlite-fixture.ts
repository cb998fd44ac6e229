import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { IN_MEMORY } from '../../src/database/sqlite.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { Fixture } from './fixture.ts';

/** Journals in a SQLite file. */
export class SqliteFixture extends Fixture {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'kioskctl-journal-'));
  readonly file: string = join(this.folder, 'journal.db');
  override readonly place: string = this.file;

  constructor() {
    super();
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  override open(environment = 'sandbox'): Journal {
    return this.#open(this.file, environment);
  }

  override openEmpty(): Journal {
    return this.#open(IN_MEMORY, 'sandbox');
  }

  #open(file: string, environment: string): Journal {
    const journal = openSqliteJournal({ file, environment, now: () => this.now });
    onTestFinished(async () => journal.close());
    return journal;
  }
}
