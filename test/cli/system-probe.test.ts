import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { makeSystemProbe } from '../../src/cli/system-probe.ts';
import { makeHome } from '../harness/command-line.ts';
import { makeCertificate } from '../harness/network.ts';

const NAMES = [
  'HOME',
  'SHELL',
  'KIOSKCTL_HOME',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
];
const before = NAMES.map((name) => [name, process.env[name]] as const);
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** A machine whose home has these settings. */
function machineAt(settings?: unknown) {
  const home = makeHome(settings);
  for (const name of NAMES) delete process.env[name];
  process.env.KIOSKCTL_HOME = home;
  return { home, machine: makeSystemProbe({ context: 'bank' }) };
}

const contexts = (more: object = {}) => ({
  version: 1,
  contexts: { bank: { environment: 'sandbox', ...more } },
});

describe('what doctor sees of a machine', () => {
  test('doctor sees files with their modes', () => {
    const { home, machine } = machineAt(contexts());
    chmodSync(join(home, 'config.json'), 0o644);
    expect(machine.listFiles()).toEqual([
      { path: home, isFolder: true, mode: 0o700, isOwn: true, obstacles: [] },
      { path: join(home, 'config.json'), isFolder: false, mode: 0o644, isOwn: true, obstacles: [] },
    ]);
    expect(machine.readSettings()).toMatchObject({ isThere: true, contexts: ['bank'] });
  });

  test.each<[shell: string, file: string, line: string]>([
    ['/bin/bash', '.bashrc', 'source <(kioskctl completion bash)'],
    ['/usr/bin/zsh', '.zshrc', 'source <(kioskctl completion zsh)'],
  ])('doctor sees whether the completion of %s is installed', (shell, file, line) => {
    const { home, machine } = machineAt();
    Object.assign(process.env, { HOME: home, SHELL: shell });
    expect(machine.findCompletion()).toMatchObject({ file, line, isInstalled: false });
    writeFileSync(join(home, file), `alias ll='ls -l'\n${line}\n`);
    expect(machine.findCompletion()).toMatchObject({ file, isInstalled: true });
  });

  test('doctor finds no completion for another shell', () => {
    const { home, machine } = machineAt();
    Object.assign(process.env, { HOME: home, SHELL: '/bin/dash' });
    expect(machine.findCompletion()).toBeNull();
  });

  test('doctor sees the file of logins', () => {
    const { home, machine } = machineAt();
    const path = join(home, 'credentials.json');
    writeFileSync(path, '{}', { mode: 0o644 });
    chmodSync(path, 0o644);
    expect(machine.listFiles()).toContainEqual({
      path,
      isFolder: false,
      mode: 0o644,
      isOwn: true,
      obstacles: [],
    });
  });

  test('doctor sees the folder that prevents creating a home', () => {
    const { home } = machineAt();
    process.env.KIOSKCTL_HOME = join(home, 'not', 'yet');
    expect(makeSystemProbe({}).listFiles()).toEqual([]);
    const path = join(home, 'file');
    writeFileSync(path, '');
    for (const at of [path, join(path, 'below', 'it')]) {
      process.env.KIOSKCTL_HOME = at;
      expect(makeSystemProbe({}).listFiles()).toEqual([
        expect.objectContaining({
          path,
          obstacles: [expect.objectContaining({ reason: 'it is not a folder' })],
        }),
      ]);
    }
  });

  test('doctor sees the route to the API, without the credentials of the proxy', async () => {
    expect(await machineAt(contexts()).machine.findRoute()).toEqual({
      url: 'https://api.wise-sandbox.com',
      proxy: null,
    });
    const certificate = { certFile: 'bank.pem', keyFile: 'bank.key' };
    const { machine } = machineAt(contexts({ certificate }));
    process.env.HTTPS_PROXY = 'http://ada:hunter22@proxy.example:3128';
    expect(await machine.findRoute()).toEqual({
      url: 'https://api-mtls.wise-sandbox.com',
      proxy: 'http://proxy.example:3128',
    });
    const production = machineAt({
      version: 1,
      contexts: { bank: { environment: 'production', certificate } },
    });
    expect(await production.machine.findRoute()).toMatchObject({
      url: 'https://api-mtls.transferwise.com',
    });
  });

  test('doctor sees the end of a certificate', async () => {
    const { home } = machineAt();
    const [certFile, keyFile] = [join(home, 'bank.pem'), join(home, 'bank.key')];
    const { cert, key } = makeCertificate();
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    writeFileSync(
      join(home, 'config.json'),
      JSON.stringify(contexts({ certificate: { certFile, keyFile } })),
    );
    const { machine } = { machine: makeSystemProbe({ context: 'bank' }) };
    expect(await machine.readCertificate()).toEqual({ file: certFile, validUntil: Date.UTC(2049, 11, 31) });
  });

  test('doctor sees authorities that cannot be read', () => {
    const { home, machine } = machineAt();
    expect(machine.readAuthorities()).toBeNull();
    process.env.NODE_EXTRA_CA_CERTS = join(home, 'nothing.pem');
    expect(() => machine.readAuthorities()).toThrow(expect.objectContaining({ code: 'settings-unusable' }));
  });

  test('doctor sees addresses and keys', async () => {
    const { machine } = machineAt();
    expect(await machine.resolve('localhost')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^127|::1/)]),
    );
    await expect(machine.resolve('kioskctl.invalid')).rejects.toMatchObject({
      code: 'unreachable',
      exitCode: 7,
    });
    expect(() => machine.readKey('hello')).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});
