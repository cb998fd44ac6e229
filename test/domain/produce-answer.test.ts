import { describe, expect, test } from 'vitest';
import { judgeAnswer, type ProduceAnswer } from '../../src/domain/production.ts';
import { production } from '../harness/records.ts';

function answered(httpStatus: number, body: ProduceAnswer['production'] = null): ProduceAnswer {
  return { kind: 'answered', httpStatus, production: body };
}

function refusal(errorCode: string | null) {
  return production('REQUEST_ERROR', { errorCode });
}

describe('the answer to a produce request', () => {
  test.each<[string, ProduceAnswer, string]>([
    ['200, in progress', answered(200, production('IN_PROGRESS')), 'accepted'],
    ['200, produced already', answered(200, production('PRODUCED')), 'accepted'],
    ['200, failed already', answered(200, production('PRODUCTION_ERROR')), 'accepted'],
    ['200 without a body that can be read', answered(200), 'lost'],
    ['200 with a word that nobody documented', answered(200, production('MELTED')), 'lost'],
    ['200, but ready', answered(200, production('READY')), 'lost'],
    ['200 with a refusal', answered(200, refusal('KIOSK_ID_NOT_FOUND')), 'lost'],

    ['422, fixed at once', answered(422, refusal('UNABLE_TO_ACCEPT_REQUEST')), 'refused'],
    ['422, fixed by somebody', answered(422, refusal('KIOSK_ID_NOT_FOUND')), 'refused'],
    ['422, fixed by the integration', answered(422, refusal('CHARSET_NOT_SUPPORTED')), 'refused'],
    ['422, with a known card number', answered(422, refusal('PAN_ALREADY_EXISTS')), 'exists'],
    ['422, exists already', answered(422, refusal('REQUEST_ALREADY_EXISTS')), 'exists'],
    ['422, queued', answered(422, refusal('REQUEST_CREATED_BUT_NOT_STARTED')), 'queued'],
    ['422, UNKNOWN_ERROR', answered(422, refusal('UNKNOWN_ERROR')), 'lost'],
    ['422 with a code that nobody documented', answered(422, refusal('KIOSK_ON_FIRE')), 'lost'],
    ['422 with the code of a failed production', answered(422, refusal('PRD_HOPPER_DOOR')), 'lost'],
    ['422 without a code', answered(422, refusal(null)), 'lost'],
    ['422 without a body that can be read', answered(422), 'lost'],

    ['401', answered(401), 'unauthorized'],
    ['403', answered(403), 'unauthorized'],
    ['404', answered(404), 'not-found'],
    ['429', answered(429), 'rate-limited'],
    ['401, whatever its body says', answered(401, production('IN_PROGRESS')), 'unauthorized'],

    ...[
      201, 202, 204, 301, 302, 303, 307, 308, 400, 405, 408, 409, 410, 413, 418, 500, 501, 502, 503, 504,
    ].map((status): [string, ProduceAnswer, string] => [String(status), answered(status), 'lost']),
    ['502 with a refusal', answered(502, refusal('KIOSK_ID_NOT_FOUND')), 'lost'],
    ['400 with a refusal', answered(400, refusal('KIOSK_ID_NOT_FOUND')), 'lost'],

    ['no answer', { kind: 'lost', httpStatus: null, production: null }, 'lost'],
    ['an interruption', { kind: 'aborted', httpStatus: null, production: null }, 'lost'],
    ['no connection', { kind: 'not-connected', httpStatus: null, production: null }, 'not-connected'],
  ])('the answer %s to a produce request has its verdict', (_, answer, verdict) => {
    expect(judgeAnswer(answer)).toBe(verdict);
  });
});
