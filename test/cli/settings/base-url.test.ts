import { describe, expect, test } from 'vitest';
import { toBaseUrl } from '../../../src/cli/settings/setting-values.ts';

describe('a base URL', () => {
  test.each([
    ['https://api.wise-sandbox.com', 'https://api.wise-sandbox.com', false, false],
    ['https://api.wise.com///', 'https://api.wise.com', false, true],
    ['https://api-mtls.transferwise.com', 'https://api-mtls.transferwise.com', false, true],
    ['https://api-mtls.wise-sandbox.com', 'https://api-mtls.wise-sandbox.com', false, false],
    ['https://gateway.bank.example:8443/wise/', 'https://gateway.bank.example:8443/wise', false, false],
    ['http://127.0.0.1:8787', 'http://127.0.0.1:8787', true, false],
    ['http://127.9.9.9', 'http://127.9.9.9', true, false],
    ['http://localhost:1/', 'http://localhost:1', true, false],
    ['http://[::1]:8787', 'http://[::1]:8787', true, false],
    ['https://127.0.0.1', 'https://127.0.0.1', true, false],
    // A name that only begins like one of them is somebody else's.
    ['https://api.wise.com.evil.example', 'https://api.wise.com.evil.example', false, false],
    ['https://localhost.evil.example', 'https://localhost.evil.example', false, false],
    ['https://127.0.0.1.evil.example', 'https://127.0.0.1.evil.example', false, false],
  ])('a base URL is accepted: %s', (text, href, isLoopback, isProduction) => {
    expect(toBaseUrl(text)).toEqual({ href, isLoopback, isProduction });
  });

  test.each([
    '',
    ' ',
    'api.wise-sandbox.com',
    'localhost:8787',
    '//api.wise-sandbox.com',
    'https://',
    'https:///',
    'ftp://api.wise-sandbox.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://api.wise-sandbox.com',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://0.0.0.0:8787',
    'http://10.0.0.1',
    'https://api.wise-sandbox.com?x=1',
    'https://api.wise-sandbox.com/#x',
  ])('the base URL %j is a mistake', (text) => {
    expect(() => toBaseUrl(text)).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
  });

  test.each([
    'https://ada:hunter2@api.wise-sandbox.com',
    'https://hunter2@api.wise-sandbox.com',
    'ftp://ada:hunter2@api.wise-sandbox.com',
    '//ada:hunter2@api.wise-sandbox.com',
    'http://ada:hunter2@proxy.example',
    'ada:hunter2@api.wise-sandbox.com',
  ])('a base URL with credentials is a mistake that does not show them: %s', (text) => {
    expect(() => toBaseUrl(text)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.not.stringContaining('hunter2') }),
    );
  });

  test('a bad base URL is shown without its control characters', () => {
    expect(() => toBaseUrl('\u001b[2J')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('\u001b') }),
    );
  });
});
