import { BaseCommand } from '../../cli/base-command.ts';
import { decodeJson } from '../../domain/text/decode-json.ts';
import type { Result } from '../../output/result.ts';
import { schemaText } from '../../scenarios/scenario-file.ts';

export default class ScenarioSchema extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Print the JSON Schema of scenario files.';
  static override description =
    `Editors use it to complete and check scenarios. With --json, the schema is the field "schema" of the document.`;
  static override examples = [
    { description: 'Print the schema.', command: 'kioskctl scenario schema' },
    { description: 'Save it for your editor.', command: 'kioskctl scenario schema > scenario.schema.json' },
    { description: 'Print it as part of a JSON document.', command: 'kioskctl scenario schema --json' },
  ];

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(ScenarioSchema);
    await this.nameContext(flags);
    const text = schemaText({ root: this.config.root, files: this.files });
    return {
      exitCode: 0,
      document: { schema: decodeJson(text) },
      text: () => text,
      isProduct: true,
    };
  }
}
