import type { HttpAnswer, NoAnswer } from '../../src/wise/decode-answer.ts';
import { requestOnce } from '../../src/wise/http.ts';
import { openRequest } from '../../src/wise/open-request.ts';
import type { RequestContent, RequestHead } from '../../src/wise/try.ts';

export type Send = (request: RequestHead & RequestContent) => Promise<HttpAnswer | NoAnswer>;

/** Both ways in which a request gets to Wise, each with its name in titles. */
export const TRANSPORTS: [string, Send][] = [
  ['over got', async (request) => (await requestOnce(request)).outcome],
  [
    'over a connection that was opened first',
    async ({ body, ...head }) => {
      const request = await openRequest(head);
      return (await request.go({ body, timeout: head.timeout })).outcome;
    },
  ],
];
