import packageJson from '../../package.json' with { type: 'json' };
import { BaseCommand } from '../cli/base-command.ts';
import type { Result } from '../output/result.ts';

export default class Version extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Print the version.';
  static override examples = [
    { description: 'Print the version of kioskctl, the platform and Node.', command: 'kioskctl version' },
    { description: 'Print them as JSON.', command: 'kioskctl version --json' },
  ];

  protected override async perform(): Promise<Result> {
    await this.parse(Version);
    const { version } = packageJson;
    const platform = `${process.platform}-${process.arch}`;
    const node = process.version;
    return {
      exitCode: 0,
      document: { version, platform, node },
      text: () => `kioskctl/${version} ${platform} node-${node}\n`,
      isProduct: true,
    };
  }
}
