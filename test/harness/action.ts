// The shell steps of action.yml, as a runner of GitHub starts them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');

interface Action {
  inputs: Record<string, { default?: string; description?: string; required?: boolean }>;
  runs: { steps: { name?: string; run?: string; env?: Record<string, string> }[] };
}

export const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;

/** Returns the shell of a step, with the variables that it gets for the inputs of a workflow. */
export function actionStep(
  name: string,
  inputs: Readonly<Record<string, string>>,
): { script: string; env: Record<string, string> } {
  const step = action.runs.steps.find((one) => one.name === name);
  const valueOf = (input: string) => inputs[input] ?? action.inputs[input]?.default ?? '';
  const variables = Object.entries(step?.env ?? {}).map(([key, text]): [string, string] => [
    key,
    text.replace(/\$\{\{ inputs\.([\w-]+) \}\}/, (_, input: string) => valueOf(input)),
  ]);
  return {
    script: step?.run ?? 'false',
    env: { ...Object.fromEntries(variables), GITHUB_ACTION_PATH: ROOT },
  };
}
