import { X509Certificate } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseFlags, parseValue, toSettingKey } from '../../../src/cli/settings/parse-settings.ts';
import { SETTING_KEYS, type SettingKey } from '../../../src/cli/settings/setting-table.ts';
import { ownValues } from '../../../src/cli/settings/settings-file.ts';
import { makeFolder } from '../../harness/command-line.ts';
import { makeCertificate } from '../../harness/network.ts';

const usage = expect.objectContaining({ exitCode: 2 });

function makeFile(name: string): string {
  const file = join(makeFolder(), name);
  writeFileSync(file, 'content');
  return file;
}

describe('a setting', () => {
  test.each([
    ['profileId', 'profileId'],
    ['profile-id', 'profileId'],
    ['credential-command', 'credentialCommand'],
    ['kiosk', 'kiosk'],
  ])('a setting can be named %s', (word, key) => {
    expect(toSettingKey(word)).toBe(key);
  });

  test.each(['', 'profile', 'ProfileId', 'environment', 'version', 'constructor'])(
    '%j names no setting',
    (word) => {
      expect(() => toSettingKey(word)).toThrow(usage);
    },
  );

  test.each(['token', 'access-token', 'clientSecret', 'KIOSKCTL_REFRESH_TOKEN', 'password', 'client-id'])(
    'a secret is never a setting: %s',
    (word) => {
      expect(() => toSettingKey(word)).toThrow(
        expect.objectContaining({ message: expect.stringContaining('never be a setting') }),
      );
    },
  );
});

describe('a value', () => {
  test.each<[SettingKey, string[], unknown]>([
    ['baseUrl', ['https://gateway.example/wise/'], 'https://gateway.example/wise'],
    ['apiVersion', ['2026Q4'], '2026Q4'],
    ['profileId', ['123456'], 123456],
    ['kiosks', ['A1,B1'], ['A1', 'B1']],
    ['kiosks', ['A1', 'B1, C1', 'A1'], ['A1', 'B1', 'C1']],
    ['kiosk', ['A1'], 'A1'],
    ['program', ['VISA_DEBIT'], 'VISA_DEBIT'],
    ['clientKey', [' key '], 'key'],
    ['forwardTo', ['https://hooks.bank.example/wise'], 'https://hooks.bank.example/wise'],
    ['credentialCommand', ['vault', 'read', '-p', '{profileId}'], ['vault', 'read', '-p', '{profileId}']],
    ['credentialCommand', ['a', 'b,c d'], ['a', 'b,c d']],
    ['credentialCommand', ['["/bin/sh", "{profileId}"]'], ['/bin/sh', '{profileId}']],
    ...[
      'vault read x | jq "{access_token: .data.token}"',
      'curl -d client_secret="$SECRET" https://vault.example | jq "{access_token: .a}"',
      'curl -H "Authorization: Bearer $VAULT" https://vault.example',
    ].map((script): [SettingKey, string[], unknown] => [
      'credentialCommand',
      ['sh', '-c', script],
      ['sh', '-c', script],
    ]),
    ['credentialCommand', ['vault-token'], ['vault-token']],
  ])('the value of %s is read from %j', (key, words, value) => {
    expect(parseValue(key, words)).toEqual(value);
  });

  test.each<[SettingKey, string[]]>([
    ['baseUrl', ['http://gateway.example']],
    ['baseUrl', ['https://user:word@gateway.example']],
    ['apiVersion', ['v3']],
    ['profileId', ['0']],
    ['profileId', ['1', '2']],
    ['profileId', []],
    ['profileId', [' ']],
    ['kiosks', ['A1,,B1']],
    ['kiosks', ['A 1']],
    ['kiosk', ['A1,B1']],
    ['kiosk', ['A\u001b[2J']],
    ['program', ['two', 'words']],
    ['program', ['\u0007']],
    ['credentialCommand', ['vault read {profileId}']],
    ['credentialCommand', ['[1]']],
    ['credentialCommand', ['[]']],
    ['credentialCommand', ['["a"']],
    ['credentialCommand', ['curl', '-H', 'Authorization: Bearer abcdefgh12345678']],
    ['credentialCommand', ['sh', '-c', 'curl https://me:word@vault.example']],
    ['credentialCommand', ['echo', '{"access_token":"abcdefgh12345678"}']],
    ['credentialCommand', ['curl', '-d', 'client_secret=abcdefgh12345678']],
    ['credentialCommand', ['./nowhere/vault', '{profileId}']],
    ['credentialCommand', ['/', '{profileId}']],
    ['credentialCommand', [import.meta.filename, '{profileId}']],
    ['certificate', ['only-one.pem']],
    ['certificate', ['/nowhere/a.pem', '/nowhere/a.key']],
    ['runbook', ['/nowhere/runbook.yaml']],
    ['publicKey', ['/']],
    ['retention', ['29d']],
    ['retention', ['a year']],
  ])('the value of %s is refused: %j', (key, words) => {
    expect(() => parseValue(key, words)).toThrow(usage);
  });

  test('a value that is a file is stored with its absolute path', () => {
    const file = makeFile('runbook.yaml');
    expect(parseValue('runbook', [relative(process.cwd(), file)])).toBe(file);
    const { cert, key } = makeCertificate();
    const [certFile, keyFile] = [makeFile('client.pem'), makeFile('client.key')];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    expect(parseValue('certificate', [`${certFile},${keyFile}`])).toEqual({ certFile, keyFile });
    const publicKey = makeFile('vendor.pem');
    writeFileSync(publicKey, new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'pem' }));
    expect(parseValue('publicKey', [publicKey])).toBe(publicKey);
  });

  test('a value that is a file must have the right content', () => {
    const [certFile, keyFile] = [makeFile('client.pem'), makeFile('client.key')];
    expect(() => parseValue('certificate', [certFile, keyFile])).toThrow(/not a certificate/);
    writeFileSync(certFile, makeCertificate().cert);
    writeFileSync(keyFile, makeCertificate().key);
    expect(() => parseValue('certificate', [certFile, keyFile])).toThrow(/not the key of/);
    expect(() => parseValue('publicKey', [makeFile('vendor.pem')])).toThrow(/not a public key/);
  });

  test('a program with a path is stored with its absolute path', () => {
    const program = makeFile('vault');
    expect(() => parseValue('credentialCommand', [program])).toThrow(/can't be run/);
    chmodSync(program, 0o700);
    const given = relative(process.cwd(), program);
    expect(parseValue('credentialCommand', [given, 'x/y'])).toEqual([program, 'x/y']);
  });

  test('a value with a secret in it is refused, and not shown', () => {
    try {
      parseValue('credentialCommand', ['curl', '-H', 'Authorization: Bearer canary-4711-canary']);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('canary');
    }
  });
});

test('flags are named like their settings', () => {
  expect(parseFlags({ 'profile-id': '5', 'api-version': 'legacy', use: true, json: false })).toEqual({
    profileId: 5,
    apiVersion: 'legacy',
  });
  expect(() => parseFlags({ 'profile-id': 'x' })).toThrow(
    expect.objectContaining({ message: expect.stringContaining('--profile-id') }),
  );
  expect(() => parseFlags({ kiosks: '' })).toThrow(usage);
});

test('only known settings are shown', () => {
  const contexts = { x: { environment: 'sandbox' as const, kiosks: [], token: 'canary-4711' } };
  expect(ownValues({ version: 2, contexts }, 'x')).toEqual({ environment: 'sandbox', kiosks: [] });
  expect(ownValues({ version: 2, contexts }, 'constructor')).toBeNull();
  expect(SETTING_KEYS).not.toContain('token');
});
