import { describe, expect, test } from 'vitest';
import { parseSubscriptionId, receiverFaults } from '../../src/wire/subscriptions.ts';

describe('the URL of a receiver', () => {
  test.each([
    'https://hooks.bank.example/kiosk',
    'https://bank.example',
    'https://bank.example:443/hook',
    'https://BANK.example./a/b/c',
    'https://xn--bcher-kva.example/',
    'https://bücher.example/',
    'https://9.bank4.example/',
  ])('%s is valid', (url) => {
    expect(receiverFaults(url, { isLocal: false })).toEqual([]);
    expect(receiverFaults(url, { isLocal: true })).toEqual([]);
  });

  test.each<[url: string, ...faults: RegExp[]]>([
    ['', /whole URL/],
    ['bank.example/hook', /whole URL/],
    ['//bank.example/hook', /whole URL/],
    ['http://bank.example/hook', /https/],
    ['ftp://bank.example/hook', /https/],
    ['https://bank.example:8443/hook', /443/],
    ['https://bank.example/hook?key=1', /query/],
    ['https://bank.example/hook?', /query/],
    ['https://bank.example/hook#top', /fragment/],
    ['https://user:pass@bank.example/', /password/],
    ['https://203.0.113.7/hook', /domain name/],
    ['https://0xcb007107/hook', /domain name/],
    ['https://[2001:db8::1]/hook', /domain name/],
    ['https://intranet/hook', /domain name/],
    ['https://localhost/hook', /domain name/],
    ['http://127.0.0.1:8788/?a', /https/, /domain name/, /443/, /query/],
  ])('%s is not valid', (url, ...faults) => {
    const found = receiverFaults(url, { isLocal: false });
    expect(found).toHaveLength(faults.length);
    for (const [index, fault] of faults.entries()) expect(found[index]).toMatch(fault);
  });

  test.each(['http://127.0.0.1:8788/', 'http://localhost:1/hook', 'https://[::1]:9/'])(
    'the receiver URL %s is valid in local only',
    (url) => {
      expect(receiverFaults(url, { isLocal: true })).toEqual([]);
      expect(receiverFaults(url, { isLocal: false })).not.toEqual([]);
    },
  );

  test.each(['http://127.0.0.1:8788/?a', 'ftp://localhost/', 'http://bank.example/', 'http://10.0.0.1/'])(
    'the receiver URL %s is not valid in local either',
    (url) => expect(receiverFaults(url, { isLocal: true })).not.toEqual([]),
  );
});

describe('the id of a subscription', () => {
  test('a subscription id is a UUID', () => {
    expect(parseSubscriptionId('72195556-E5CB-495e-a010-b37a4f2a3043')).toBe(
      '72195556-e5cb-495e-a010-b37a4f2a3043',
    );
  });

  test.each(['', '1001', '../subscriptions', '72195556e5cb495ea010b37a4f2a3043', '\u001b[2J'])(
    'a subscription id is not %j',
    (text) => {
      expect(() => parseSubscriptionId(text)).toThrow(
        expect.objectContaining({
          code: 'invalid-reference',
          hint: expect.stringContaining('webhooks list'),
        }),
      );
    },
  );
});
