// The parser of GitHub for workflows and actions, with the schemas that it publishes.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { makeFolder } from './command-line.ts';

interface Parsed {
  context: { errors: { getErrors(): { message: string }[] } };
}

type Parse = (file: { name: string; content: string }, trace: object) => Parsed;

interface Parser {
  parseAction: Parse;
  parseWorkflow: Parse;
  NoOperationTraceWriter: new () => object;
}

/** Its modules import JSON without the attribute that Node wants, so they are bundled first. */
const PARSER = `
export { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
export { parseAction } from '@actions/workflow-parser/actions/action-parser';`;

/** Returns a function that finds the mistakes of a workflow, or of an action. */
export function githubParser(): (name: string, content: string) => string[] {
  const outfile = join(makeFolder(), 'parser.cjs');
  const stdin = { contents: PARSER, resolveDir: import.meta.dirname };
  buildSync({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' });
  const parser = createRequire(import.meta.url)(outfile) as Parser;
  const { parseAction, parseWorkflow, NoOperationTraceWriter } = parser;
  return (name, content) => {
    const parse = name.endsWith('action.yml') ? parseAction : parseWorkflow;
    const { context } = parse({ name, content }, new NoOperationTraceWriter());
    return context.errors.getErrors().map(({ message }) => message);
  };
}
