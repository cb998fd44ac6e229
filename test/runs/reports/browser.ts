// The browser that reads HTML reports. For Linux on x64 it comes from npm, elsewhere it has to be installed.
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inflate } from '@sparticuz/chromium';
import { type Browser, launch } from 'puppeteer-core';
import { vi } from 'vitest';
import { findProgram } from '../../harness/suite/machine.ts';

const ARGUMENTS = ['--no-sandbox', '--no-zygote', '--disable-gpu'];
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

const PACKED = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../bin');
/** Unpacked once: it takes two seconds, and `npm ci` removes it. */
const UNPACKED = join(PACKED, '../unpacked');

/** Pages look the same on every machine. */
const FONTS = `<fontconfig><dir>${UNPACKED}/fonts</dir><cachedir>${UNPACKED}/fonts-cache</cachedir></fontconfig>`;

export async function launchBrowser(): Promise<Browser> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const executablePath = findProgram(...BROWSERS);
    return launch({ args: ARGUMENTS, ...(executablePath ? { executablePath } : { channel: 'chrome' }) });
  }
  if (!existsSync(UNPACKED)) await unpack();
  return launch({
    executablePath: join(UNPACKED, 'chromium'),
    headless: 'shell',
    args: ARGUMENTS,
    env: {
      ...process.env,
      // Slim images lack these.
      LD_LIBRARY_PATH: join(UNPACKED, 'al2023/lib'),
      FONTCONFIG_FILE: join(UNPACKED, 'fonts.conf'),
    },
  });
}

/** The package unpacks into the temporary folder. */
async function unpack(): Promise<void> {
  const folder = mkdtempSync(`${UNPACKED}-`);
  vi.stubEnv('TMPDIR', folder);
  try {
    for (const name of ['chromium.br', 'fonts.tar.br', 'al2023.tar.br']) await inflate(join(PACKED, name));
    writeFileSync(join(folder, 'fonts.conf'), FONTS);
    renameSync(folder, UNPACKED);
  } catch (error) {
    rmSync(folder, { recursive: true });
    // Another run of the tests was faster.
    if (!existsSync(UNPACKED)) throw error;
  } finally {
    vi.unstubAllEnvs();
  }
}
