// npm run soak [events]: 20,000 signed webhooks, 5 % more with a wrong signature and 10 % more twice, shuffled, to a
// listener that is killed five times, from a sender that repeats what got no 2xx.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soak } from '../webhooks/soak.ts';

const events = Number(process.argv[2] ?? 20_000);
const home = mkdtempSync(join(tmpdir(), 'kioskctl-soak-'));
try {
  const started = performance.now();
  const result = await soak({
    events,
    kills: 5,
    home,
    env: { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home, KIOSKCTL_ENVIRONMENT: 'sandbox' },
    keyFile: (pem) => {
      const file = join(home, 'key.pem');
      writeFileSync(file, pem);
      return file;
    },
  });
  const { lost, extra, spoiled, kept, exitCode } = result;
  console.log(result);
  const isWhole = lost === 0 && extra === 0 && spoiled === 0 && kept === events && exitCode === 0;
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  console.log(
    `${isWhole ? 'Exactly' : 'NOT exactly'} the ${events} distinct valid events are kept (${seconds} s).`,
  );
  process.exitCode = isWhole ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}
