import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { IN_MEMORY } from '../database/sqlite.ts';
import { parseDuration } from '../domain/times/duration.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import { TestableSandbox } from '../sandbox/testable-sandbox.ts';
import { type Fault as CheckedFault, faultSchema } from '../wire/fault.ts';
import type * as api from './api.ts';

/** Implementation of `kioskctl/testing`. Only methods that use the network are asynchronous. */
export const startSandbox: typeof api.startSandbox = async ({
  state = IN_MEMORY,
  speed = 1,
  ...options
} = {}) => {
  const sandbox = new TestableSandbox({ callbackCheck: true, stateFile: state, speed, ...options });
  try {
    return asApi(sandbox, await sandbox.listen({ host: '127.0.0.1', port: 0 }));
  } catch (error) {
    await sandbox.close();
    throw error;
  }
};

function asApi(sandbox: TestableSandbox, url: string): api.TestingSandbox {
  const { token, profiles, kiosks } = sandbox;
  return {
    url,
    token,
    profiles,
    kiosks,
    get publicKey() {
      return sandbox.publicKey();
    },
    readyCard: ({ profileId = 1001 } = {}) => sandbox.readyCard(profileId),
    deliverTo: (to) => sandbox.deliverTo(to),
    send: async (event, options = {}) => {
      const {
        signature = 'valid',
        times = 1,
        deliveryId = randomUUID(),
        test = false,
        url: to = null,
      } = options;
      return sandbox.send(contentOf(event), { signature, times, deliveryId, isTest: test, url: to });
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the sandbox wrote them
    events: () => sandbox.events() as unknown as api.SandboxEvent[],
    advance: (duration) => sandbox.advance(typeof duration === 'number' ? duration : parseDuration(duration)),
    addFault: (fault) => sandbox.addFault(checked(fault)),
    requests: () => sandbox.requests().map((request) => ({ ...request, at: utcTime(request.at) })),
    reset: () => sandbox.reset(),
    close: async () => sandbox.close(),
    [Symbol.asyncDispose]: async () => sandbox.close(),
  };
}

function contentOf(
  event: api.SandboxEvent | Record<string, unknown> | string,
): Record<string, unknown> | string {
  return typeof event === 'string' ? event : { ...event };
}

/** Validates a fault. @throws TypeError with the name of the invalid field */
function checked(fault: api.Fault): CheckedFault {
  const result = v.safeParse(faultSchema, fault);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new TypeError(`The fault is not valid. ${v.getDotPath(issue) ?? fault.kind}: ${issue.message}`);
}
