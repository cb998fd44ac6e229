// Samples of the documentation: commands with their output, in `console` blocks.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Recording } from '../../scripts/recording.ts';
import { freshest, withoutMachine } from './samples.ts';

/** Matches a block of a page: a file, hidden commands before a sample, or a sample. */
const BLOCK =
  /^```(yaml|json|text) (\S+)\n([^]*?)^```$|^<!-- before\n([^]*?)^-->$|^```console\n([^]*?)^```$/gm;

export interface Sample {
  command: string;
  output: string;
}

/** Returns the commands of a sample with their outputs. */
function samplesIn(block: string): Sample[] {
  return block
    .split(/^\$ /m)
    .filter(Boolean)
    .map((part) => {
      const [command = '', ...output] = part.trimEnd().split('\n');
      return { command, output: output.join('\n') };
    });
}

/**
 * Executes the commands of a page.
 * @returns the page with the new output, where it differs in more than ids and times
 */
export async function rerun(page: string, { home, env }: { home: string; env: Record<string, string> }) {
  // So wide that no line is broken: where it is depends on the length of the home folder.
  const recording = new Recording({ home, columns: 240, env });
  let result = '';
  let end = 0;
  for (const match of page.matchAll(BLOCK)) {
    const [block, , file, content = '', hidden, samples] = match;
    result += page.slice(end, match.index);
    end = match.index + block.length;
    if (file !== undefined) write(join(home, file), content);
    for (const command of hidden?.trim().split('\n') ?? []) await recording.run(command);
    result += samples === undefined ? block : `\`\`\`console\n${await renewed(samples)}\`\`\``;
  }
  return result + page.slice(end);

  async function renewed(samplesText: string): Promise<string> {
    const parts: string[] = [];
    for (const { command, output } of samplesIn(samplesText)) {
      const lines = (await recording.run(command)).join('\n').trimEnd();
      const fresh = freshest(output, withoutMachine(lines, home));
      parts.push(`$ ${command}\n${fresh === '' ? '' : `${fresh}\n`}`);
    }
    return parts.join('');
  }
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
