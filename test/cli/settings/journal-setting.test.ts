// The place of the journal: from the context, or from KIOSKCTL_JOURNAL.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProjectFile } from '../../../src/cli/settings/project-file.ts';
import { readSettings } from '../../../src/cli/settings/settings.ts';
import type { Failure } from '../../../src/domain/errors/failure.ts';
import { makeFolder, makeHome } from '../../harness/command-line.ts';

const FILE = {
  version: 1,
  contexts: {
    branch: { environment: 'production', journal: '/srv/kiosk/journal.db' },
    plain: { environment: 'production' },
    ci: { environment: 'sandbox', journal: '/srv/ci/journal.db' },
  },
};

function journalOf(context: string, variable?: string) {
  const home = makeHome(FILE);
  const env = { KIOSKCTL_HOME: home, ...(variable !== undefined && { KIOSKCTL_JOURNAL: variable }) };
  const { paths, journal, origins } = readSettings({ context }, env);
  return {
    file: paths.journal,
    isDefault: paths.journal === join(home, 'journal.db'),
    journal,
    ...origins.journal,
  };
}

function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it works');
}

describe('the journal of a command', () => {
  test('the journal is the default file unless it is set', () => {
    expect(journalOf('plain')).toMatchObject({ isDefault: true, journal: null, source: 'default' });
  });

  test('the journal of a context is used', () => {
    expect(journalOf('branch')).toMatchObject({
      file: '/srv/kiosk/journal.db',
      source: 'context',
      from: 'branch',
    });
  });

  test('KIOSKCTL_JOURNAL takes precedence over the context of a sandbox', () => {
    expect(journalOf('ci', '/tmp/other.db')).toMatchObject({ file: '/tmp/other.db', source: 'variable' });
  });

  test('KIOSKCTL_JOURNAL sets the journal of a production context that has none', () => {
    expect(journalOf('plain', '/srv/a/journal.db')).toMatchObject({ file: '/srv/a/journal.db' });
    expect(journalOf('production', '/srv/a/journal.db')).toMatchObject({ file: '/srv/a/journal.db' });
  });

  test.each([
    'postgres://kioskctl@db.bank.example/kioskctl',
    'postgresql://k%40x@[fd00::1]:5433/k?schema=a_1',
  ])('the journal can be the database %s', (url) => {
    expect(journalOf('plain', url)).toMatchObject({ file: url, journal: url, source: 'variable' });
  });

  test('in production, the connection to a server elsewhere is encrypted', () => {
    const url = 'postgres://kioskctl@db.bank.example/kioskctl?sslmode=disable';
    expect(failureOf(() => journalOf('plain', url))).toMatchObject({ exitCode: 2, hint: /TLS/ });
    expect(journalOf('ci', url)).toMatchObject({ file: url });
    const here = 'postgres://kioskctl@127.0.0.1/kioskctl';
    expect(journalOf('plain', here)).toMatchObject({ file: here });
  });

  test('local always uses the default file', () => {
    for (const variable of ['/srv/a/journal.db', 'relative.db', 'postgres://db/kiosk', ''])
      expect(journalOf('local', variable)).toMatchObject({ isDefault: true, journal: null });
  });

  test('in production, a KIOSKCTL_JOURNAL that contradicts the context is refused', () => {
    expect(journalOf('branch', '/srv/kiosk/../kiosk/journal.db').file).toBe('/srv/kiosk/journal.db');
    const failure = failureOf(() => journalOf('branch', '/tmp/other.db'));
    expect(failure).toMatchObject({ exitCode: 2, hint: expect.stringMatching(/sent twice/) });
    expect(failure.message).toContain('/tmp/other.db');
    expect(failure.message).toContain('/srv/kiosk/journal.db');
  });

  test.each([
    ['a relative path', 'journal.db', /^Write \/.*journal\.db$/],
    ['a folder', '/tmp', /\/tmp\/journal\.db/],
    ['a URL with a password', 'postgres://kiosk:hunter2@db/kiosk', /KIOSKCTL_JOURNAL_PASSWORD/],
    ['a URL with the parameter of a password', 'postgres://k@db/kiosk?password=hunter2', /JOURNAL_PASSWORD/],
    ['a URL without a user', 'postgresql://db/kiosk', /postgres:\/\/kioskctl@/],
    ['a URL without a database', 'postgres://kiosk@db', /postgres:\/\/kioskctl@/],
    ['a URL with an unknown parameter', 'postgres://kiosk@db/kiosk?options=hunter2', /sslrootcert/],
    ['a URL with TLS that verifies nothing', 'postgres://kiosk@db/kiosk?sslmode=require', /verify-full/],
    ['a URL with a relative certificate', 'postgres://kiosk@db/kiosk?sslrootcert=ca.pem', /absolute/],
    ['a URL with half a certificate', 'postgres://kiosk@db/kiosk?sslcert=/c.pem', /both/],
    ['a URL with a schema of PostgreSQL itself', 'postgres://kiosk@db/kiosk?schema=pg_a', /pg_/],
    ['a URL with an invalid schema', 'postgres://kiosk@db/kiosk?schema=a%20b', /lower-case/],
    ['a mistyped URL', 'postgres:/kiosk:hunter2@db/kiosk', /path of a file/],
    ['a URL without a scheme', 'kiosk:hunter2@db/kiosk', /path of a file/],
    ['a URL of a file', 'file:///srv/journal.db', /path of a file/],
    ['nothing', '', /./],
  ])('KIOSKCTL_JOURNAL cannot be %s', (_, variable, hint) => {
    const failure = failureOf(() => journalOf('plain', variable));
    expect(failure).toMatchObject({ exitCode: 2, code: 'usage', hint: expect.stringMatching(hint) });
    expect(`${failure.message} ${failure.hint}`).not.toContain('hunter2');
  });

  test('a relative path that was written into the settings file by hand is refused', () => {
    const file = { version: 1, contexts: { branch: { environment: 'production', journal: 'journal.db' } } };
    const env = { KIOSKCTL_HOME: makeHome(file) };
    expect(failureOf(() => readSettings({ context: 'branch' }, env))).toMatchObject({ exitCode: 2 });
  });

  test('a project file cannot set the journal', async () => {
    const folder = makeFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '.kioskctl.yaml'), 'journal: /tmp/other.db\n');
    await expect(findProjectFile(folder)).rejects.toMatchObject({ exitCode: 2, code: 'settings-unusable' });
  });
});
