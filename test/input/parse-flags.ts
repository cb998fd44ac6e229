import { type Interfaces, Parser } from '@oclif/core';

/** The values of flags, as a test writes them. */
export type Given = Readonly<Record<string, string | readonly string[] | boolean>>;

/** Parses flags as a command does. @throws Failure for a value that is refused */
export async function parseFlags<Flags extends Record<string, unknown>>(
  flags: Interfaces.FlagInput<Flags>,
  given: Given,
): Promise<Flags & { json: boolean | undefined }> {
  const argv = Object.entries(given).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return value ? [`--${name}`] : [];
    return [value].flat().map((one) => `--${name}=${one}`);
  });
  try {
    const parsed = await Parser.parse(argv, { flags });
    return parsed.flags;
  } catch (error) {
    throw error instanceof Error ? (error.cause ?? error) : error;
  }
}
