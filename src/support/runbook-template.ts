import { type CatalogueEntry, ERROR_CATALOGUE } from '../domain/errors/error-catalogue.ts';
import type { ErrorKind } from '../domain/errors/error-row.ts';

const HEAD = `# The runbook of our kiosks: what we do about each error code, beside what kioskctl knows of it.
# Take the # away from what you fill in. Every field may be left out:
#
#   owner:   who acts here
#   steps:   what they do, in order
#   link:    where more about it stands
#   contact: whom to call when the steps don't help
#   retry:   when the card may be produced again, where it is other than the catalogue says: now, after-fix, never.
#            What can never succeed stays “never”, and what has to be looked at first stays “reconcile”.
#
# Check it after each change: kioskctl runbook check FILE
version: 1
`;

const SECTIONS: readonly [ErrorKind, string][] = [
  ['production', 'Failed productions (PRODUCTION_ERROR): the kiosk had the card.'],
  ['request', 'Refused requests (REQUEST_ERROR): the kiosk never had it.'],
];

/** A runbook with all documented codes, for a team to fill in. */
export function runbookTemplate(): string {
  const sections = SECTIONS.map(([kind, title]) => {
    const entries = ERROR_CATALOGUE.filter((entry) => entry.kind === kind);
    return `\n# ${title}\n${kind}:\n${entries.map(entryTemplate).join('')}`;
  });
  return `${HEAD}${sections.join('')}`;
}

function entryTemplate({ code, meaning, actor, retry, nextStep }: CatalogueEntry): string {
  return `
  # ${meaning}
  # Who acts: ${actor}. Retry: ${retry}.
  ${code}:
    # owner:
    # steps:
    #   - ${JSON.stringify(nextStep)}
    # link: https://
    # contact: ""
    # retry: ${retry}
`;
}
