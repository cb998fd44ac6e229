// The manual and the changelog of a release, and what speaks against it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dateOf, sectionOf, withVersion } from '../../scripts/release/changelog.ts';
import { manualPages } from '../../scripts/release/manual.ts';
import { obstacles } from '../../scripts/release/obstacles.ts';
import { packedManifest } from '../../scripts/release/package.ts';
import { placeholdersOf, readPublisher } from '../../scripts/release/publisher.ts';
import { MANIFEST } from '../harness/manifest.ts';

const { version } = packedManifest();

describe('the manual', () => {
  const pages = manualPages();

  test('it has a page for each command, group and topic', () => {
    const names = Object.keys(MANIFEST).map((id) => `man1/kioskctl-${id.replaceAll(':', '-')}.1`);
    expect([...pages.keys()]).toEqual(
      expect.arrayContaining([
        ...names,
        'man1/kioskctl.1',
        'man1/kioskctl-context.1',
        'man7/kioskctl-exit-codes.7',
      ]),
    );
  });

  test('a page has the synopsis, the flags and the examples of the command', () => {
    const page = pages.get('man1/kioskctl-produce.1')?.replace(/ \d{4}-\d\d-\d\d "kioskctl .*?"/, '');
    expect(page).toMatchSnapshot();
  });

  test('no line of a text is a request of roff', () => {
    const lines = [...pages.values()].flatMap((page) => page.split('\n'));
    const requests = lines.filter((line) => /^[.']/.test(line)).map((line) => line.split(' ')[0] ?? '');
    expect([...new Set(requests)].toSorted()).toEqual(
      ['.TH', '.SH', '.B', '.BR', '.PP', '.TP', '.fi', '.nf', '.sp'].toSorted(),
    );
  });
});

describe('the changelog', () => {
  const changelog = '# Changelog\n\n## Unreleased\n\n- new\n\n## 1.0.0 (2026-11-30)\n\n- old\n';

  test('a new version gets the entries of Unreleased and a date', () => {
    const changed = withVersion(changelog, { version: '1.1.0', date: '2026-12-24' });
    expect(sectionOf(changed, '1.1.0')).toBe('- new');
    expect(sectionOf(changed, 'Unreleased')).toBe('');
    expect(dateOf(changed, '1.1.0')).toBe('2026-12-24');
    expect(sectionOf(changed, '1.0.0')).toBe('- old');
  });

  test('a version without a section has no notes', () => {
    expect(sectionOf(changelog, '1.0.0-rc.1')).toBeNull();
    expect(() => withVersion('# Changelog\n', { version: '1', date: '' })).toThrow(/Unreleased/);
  });
});

describe('obstacles to a release', () => {
  test('a placeholder in publisher.json is one', () => {
    const publisher = {
      repository: 'https://example.com/x',
      securityContact: 'a@example.com',
      npmOwner: 'x',
    };
    expect(placeholdersOf(publisher)).toEqual([]);
    expect(placeholdersOf({ ...publisher, npmOwner: '', securityContact: 'PLACEHOLDER' })).toEqual([
      'securityContact',
      'npmOwner',
    ]);
    const placeholders = placeholdersOf(readPublisher()).map(
      (name) => `publisher.json: ${name} is still a placeholder.`,
    );
    expect(obstacles()).toEqual(expect.arrayContaining(placeholders));
  });

  test('a tag of another version is one', () => {
    expect(obstacles('v9.9.9')).toContain(`The tag v9.9.9 is not that of version ${version}.`);
    expect(obstacles(`v${version}`).filter((one) => one.startsWith('The tag'))).toEqual([]);
  });

  test('a page that says that kioskctl is not published is one', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const isUnpublished = readme.includes('not on the public');
    expect(obstacles().some((one) => one.startsWith('README.md'))).toBe(isUnpublished);
  });
});
