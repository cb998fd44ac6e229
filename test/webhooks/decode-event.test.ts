import { expect, test } from 'vitest';
import { decodeEvent } from '../../src/webhooks/decode-event.ts';
import { cardBody } from '../harness/events.ts';

const cardToken = '35050a4a-9521-426e-8109-1396e3687a3e';

test('an event of a card is decoded', () => {
  expect(decodeEvent(cardBody({ cardToken, profileId: 7 }))).toMatchObject({
    eventType: 'cards#card-production-status-change',
    profileId: 7,
    cardToken,
    status: 'PRODUCED',
  });
});

test('a byte order mark does not keep a body from being read', () => {
  const body = Buffer.concat([Buffer.from('\uFEFF'), cardBody({ cardToken })]);
  expect(decodeEvent(body)).toEqual(decodeEvent(cardBody({ cardToken })));
});

test.each([
  ['another type', '{"event_type":"cards#card-status-change","data":{}}', 'cards#card-status-change'],
  ['another shape of a known type', '{"event_type":"x#y","data":[1]}', 'x#y'],
  ['no type', '{"data":{}}', 'unknown'],
  ['a type that is not text', '{"event_type":5,"data":{}}', 'unknown'],
  [
    'what is nested too deep',
    `{"event_type":"x#y","data":${'['.repeat(3_500)}${']'.repeat(3_500)}}`,
    'unknown',
  ],
  ['a list', '[]', 'unknown'],
  ['null', 'null', 'unknown'],
  ['text that is not JSON', 'hello', 'unknown'],
  ['nothing', '', 'unknown'],
])('%s is decoded as an event without fields', (_, body, eventType) => {
  expect(decodeEvent(Buffer.from(body))).toMatchObject({ eventType, cardToken: null, status: null });
});

test('bytes that are not text are decoded as an unknown event', () => {
  expect(decodeEvent(Buffer.from([0xff, 0xfe, 0x7b]))).toMatchObject({ eventType: 'unknown' });
});
