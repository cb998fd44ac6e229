// Prompts for a terminal without cursor movement (TERM=dumb): one line each, with numbered choices. Same signatures as
// inquirer's prompts.
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

interface PromptContext {
  output: NodeJS.WritableStream;
  signal: AbortSignal;
}

/** Reads a line from the terminal. @throws AbortError on Ctrl-C and at the end of the input */
async function readLine(
  question: string,
  { output, signal }: PromptContext,
  isHidden = false,
): Promise<string> {
  const nothing = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Without line editing, the terminal itself echoes the input.
  const lines = createInterface({
    input: process.stdin,
    output: isHidden ? nothing : output,
    terminal: isHidden,
  });
  const ended = new AbortController();
  lines.once('SIGINT', () => ended.abort()).once('close', () => ended.abort());
  let hasAnswer = false;
  try {
    if (isHidden) output.write(question);
    const answer = await lines.question(isHidden ? '' : question, {
      signal: AbortSignal.any([signal, ended.signal]),
    });
    hasAnswer = true;
    return answer;
  } finally {
    lines.close();
    if (isHidden || !hasAnswer) output.write('\n');
  }
}

/** Repeats a prompt until the answer is valid. @param parse returns undefined for an invalid answer */
async function askUntil<Answer>(
  question: string,
  context: PromptContext,
  parse: (line: string) => Answer | undefined,
): Promise<Answer> {
  for (;;) {
    const answer = parse(await readLine(question, context));
    if (answer !== undefined) return answer;
  }
}

export async function confirm({ message }: { message: string }, context: PromptContext): Promise<boolean> {
  return askUntil(`${message} (y/N) `, context, (line) => {
    const word = line.trim().toLowerCase();
    if (['y', 'yes'].includes(word)) return true;
    return ['', 'n', 'no'].includes(word) ? false : undefined;
  });
}

interface Selection<Value> {
  message: string;
  choices: readonly { value: Value; name: string }[];
  default?: Value;
}

export async function select<Value>(
  { message, choices, default: likely }: Selection<Value>,
  context: PromptContext,
): Promise<Value> {
  const usual = Math.max(
    0,
    choices.findIndex(({ value }) => value === likely),
  );
  context.output.write(
    `${message}\n${choices.map(({ name }, index) => `  ${index + 1}) ${name}\n`).join('')}`,
  );
  return askUntil(`Number (default ${usual + 1}): `, context, (line) => {
    const number = line.trim() === '' ? usual + 1 : Number(line);
    return choices[number - 1]?.value;
  });
}

interface Typing {
  message: string;
  validate: (text: string) => string | true;
}

export async function input({ message, validate }: Typing, context: PromptContext): Promise<string> {
  return askUntil(`${message} `, context, (line) => {
    const complaint = validate(line);
    if (complaint === true) return line;
    context.output.write(`${complaint}\n`);
    return undefined;
  });
}

/** Prompts for a secret without echo. */
export async function password({ message }: { message: string }, context: PromptContext): Promise<string> {
  return readLine(`${message} `, context, true);
}
