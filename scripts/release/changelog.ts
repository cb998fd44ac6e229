// CHANGELOG.md: one section per version, newest first, below "Unreleased".

const UNRELEASED = '\n## Unreleased\n';

/** Returns the section of a version without its heading; null if there is none. */
export function sectionOf(changelog: string, version: string): string | null {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  return section?.slice(section.indexOf('\n')).trim() ?? null;
}

/** Gives the entries of "Unreleased" a version and its date, and begins an empty "Unreleased". */
export function withVersion(changelog: string, { version, date }: { version: string; date: string }): string {
  if (!changelog.includes(UNRELEASED)) throw new Error('CHANGELOG.md has no section "Unreleased".');
  return changelog.replace(UNRELEASED, `${UNRELEASED}\n## ${version} (${date})\n`);
}

/** Returns the date of a version; today for one that is not released. */
export function dateOf(changelog: string, version: string): string {
  const heading = changelog.split('\n').find((line) => line.startsWith(`## ${version} (`));
  return heading?.match(/\((.+)\)/)?.[1] ?? new Date().toISOString().slice(0, 10);
}
