// JUnit reports, judged from outside: by libxml2, which knows XML schemas and XPath.
import { readFileSync } from 'node:fs';
import { validateXML } from 'xmllint-wasm';

/** Jenkins' own schema, junit-4, with its licence (MIT) in it. */
const SCHEMA = readFileSync(new URL('jenkins-junit.xsd', import.meta.url), 'utf8');

/** Ends a value; no report has it. */
const END = '␞';

/** Returns what is wrong with a JUnit report; nothing if it is valid. */
export async function problemsOf(xml: string): Promise<string[]> {
  const { errors } = await validateXML({ xml, schema: SCHEMA });
  return errors.map(({ rawMessage }) => rawMessage);
}

/** Returns the values of named XPath expressions in a document. */
export async function valuesIn<Name extends string>(xml: string, expressions: Record<Name, string>) {
  const names = Object.keys(expressions) as Name[];
  const all = names.map((name) => expressions[name]).join(`,'${END}',`);
  const { normalized } = await validateXML({
    xml,
    // Without it, the library demands a schema.
    normalization: 'format',
    modifyArguments: (args) => ['--xpath', `concat(${all},'${END}')`, ...args.slice(-1)],
  });
  const values = normalized.split(END);
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) as Record<Name, string>;
}
