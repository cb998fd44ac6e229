import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeManifest } from '../../scripts/manifest.ts';

interface Flag {
  char?: string;
  type: string;
  options?: string[];
  hidden?: boolean;
}

interface Manifest {
  commands: Record<
    string,
    { args: Record<string, { required?: boolean; multiple?: boolean }>; flags: Record<string, Flag> }
  >;
}

test('the manifest is that of the built commands (npm run manifest)', async () => {
  expect(readFileSync('oclif.manifest.json', 'utf8')).toBe(await makeManifest());
});

test('commands, arguments and flags', () => {
  const { commands } = JSON.parse(readFileSync('oclif.manifest.json', 'utf8')) as Manifest;
  const surface = Object.entries(commands).map(([id, { args, flags }]) => {
    const words = Object.entries(args).map(([name, { required, multiple }]) => {
      const word = `${name.toUpperCase()}${multiple ? '...' : ''}`;
      return required ? word : `[${word}]`;
    });
    const options = Object.entries(flags)
      .filter(([, { hidden }]) => !hidden)
      .map(([name, { char, type, options }]) => {
        const value = type === 'boolean' ? '' : `=${options?.join('|') ?? '…'}`;
        return `--${name}${value}${char ? ` (-${char})` : ''}`;
      });
    return [[id.replaceAll(':', ' '), ...words].join(' '), ...options.toSorted()].join('\n  ');
  });
  expect(surface.join('\n')).toMatchSnapshot();
});
