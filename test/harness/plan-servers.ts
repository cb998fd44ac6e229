// A user, a sandbox over HTTP, and servers that carry out plans: for tests of what becomes of a plan whose server ends.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import type { startSandbox } from '../../src/testing/start-sandbox.ts';
import { User } from './program.ts';
import { ListenerProcess } from './served.ts';

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

const KIOSK = 'WIS00001';
const DETACH = `kiosk recover ${KIOSK} --yes --rejected none --release --attended --detach --json --reason closed`;

/** A user of a sandbox, with servers for plans. All of them end with the test. */
export class PlanServers {
  readonly user: User;
  readonly #sandbox: Sandbox;
  readonly #context: Pick<TestContext, 'onTestFinished'>;
  readonly #key: string;

  constructor(sandbox: Sandbox, context: Pick<TestContext, 'onTestFinished'>) {
    this.#sandbox = sandbox;
    this.#context = context;
    this.user = new User({
      KIOSKCTL_ENVIRONMENT: 'sandbox',
      KIOSKCTL_TOKEN: sandbox.token,
      KIOSKCTL_PROFILE_ID: '1001',
      KIOSKCTL_BASE_URL: sandbox.url,
      KIOSKCTL_SETTLE: '1s',
    });
    context.onTestFinished(() => this.user.leave());
    this.#key = join(this.user.home, 'key.pem');
    writeFileSync(this.#key, sandbox.publicKey);
  }

  /** Starts a server, to which the sandbox delivers its events. */
  async serve(): Promise<ListenerProcess> {
    const server = await ListenerProcess.serve(this.user.env, '--accept-plans', '--public-key', this.#key);
    this.#context.onTestFinished(async () => void (await server.end('SIGKILL')));
    this.#sandbox.deliverTo(server.url);
    return server;
  }

  /** Lets cards fail at the kiosk. The next ones there are produced. @returns their tokens */
  async failCards(count: number): Promise<string[]> {
    const tokens = Array.from({ length: count }, () => this.#sandbox.readyCard().cardToken);
    const cards = tokens.map((token) => `1001/${token}`);
    const outcome = { kind: 'outcome', kioskId: KIOSK, times: count } as const;
    this.#sandbox.addFault({ ...outcome, status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' });
    const produced = await this.user.spawn([
      'produce',
      ...cards,
      '--kiosk',
      KIOSK,
      '--yes',
      '--wait',
      '--json',
    ]);
    expect(produced.code, produced.stderr).toBe(4);
    this.#sandbox.addFault({ ...outcome, status: 'PRODUCED' });
    return tokens;
  }

  /** Hands the recovery of the kiosk over to a server. @returns the id of the plan */
  async detach(): Promise<string> {
    const { code, stdout, stderr, json } = await this.user.spawn(DETACH.split(' '));
    expect(code, stdout + stderr).toBe(0);
    return json.detached.id;
  }

  /** Waits until a plan has ended well. */
  async follow(id: string): Promise<void> {
    const { code, stdout, stderr } = await this.user.spawn(['runs', 'show', id, '--follow', '--json']);
    expect(code, stdout + stderr).toBe(0);
  }
}
