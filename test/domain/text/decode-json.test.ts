import { describe, expect, test } from 'vitest';
import { decodeJson, LARGEST_BYTES } from '../../../src/domain/text/decode-json.ts';

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('JSON from outside', () => {
  test.each<[string, string | Uint8Array]>([
    ['33 levels deep', nested(33)],
    ['3,500 levels deep', nested(3_500)],
    ['200,000 levels deep', Buffer.from(nested(200_000))],
    ['of over 4 MiB', JSON.stringify('x'.repeat(LARGEST_BYTES))],
    ['of half a document', '{"a":'],
    ['of no text', ''],
    ['that is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('%s cannot be read', (_, source) => {
    expect(decodeJson(source)).toBeUndefined();
  });

  test('JSON up to 32 levels deep and 4 MiB large is decoded', () => {
    expect(JSON.stringify(decodeJson(nested(32)))).toBe(nested(32));
    expect(decodeJson(JSON.stringify('x'.repeat(LARGEST_BYTES - 2)))).toHaveLength(LARGEST_BYTES - 2);
    expect(decodeJson(Buffer.from('\uFEFF{"a":"ü"}'))).toEqual({ a: 'ü' });
  });
});
