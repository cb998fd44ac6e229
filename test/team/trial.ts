// One trial: runs its plan with real processes, then has one machine finish the cards, and checks what happened to them.
import { setTimeout as pause } from 'node:timers/promises';
import { setOutcomes } from '../harness/team.ts';
import type { Laboratory } from './laboratory.ts';
import type { Machine } from './machine.ts';
import type { Disaster, TrialPlan } from './plan.ts';

/** Maximum time for which a dead process may block the others. */
const BLOCKED_MS = 20_000;
const FINISH_MS = 120_000;

/** At a speed of 50, a card is in the kiosk for 300 ms. */
const PRODUCTION_MS = 15_000;
const FAILED = 'PRD_HOPPER_DOOR';

export class Trial {
  readonly #laboratory: Laboratory;
  readonly #plan: TrialPlan;
  readonly #begun = performance.now();
  readonly #log: string[] = [];
  readonly #machines: readonly Machine[];
  readonly #cards: string[] = [];
  /** When the last process of the first part ended, or the last disaster. */
  #quietSince = 0;
  /** Exit codes of the commands, null for one that was killed, and the number of commands that finished the cards. */
  readonly #codes: (number | null)[] = [];
  #finishers = 0;
  #restarting: Promise<void> = Promise.resolve();

  constructor(laboratory: Laboratory, plan: TrialPlan) {
    this.#laboratory = laboratory;
    this.#plan = plan;
    const boot = crypto.randomUUID();
    this.#machines = plan.starts.map(({ wrongBy, isContained }, side) =>
      laboratory.machine(side, { wrongBy, isContained, ...(plan.isOneBoot && { boot }) }),
    );
  }

  get summary(): string {
    const kinds = this.#plan.disasters.map(({ kind }) => kind).join(', ');
    return `exit codes ${this.#codes.join(', ')}, finished by ${this.#finishers} (${kinds})`;
  }

  /** @returns what went wrong, with what happened before; null for a trial without a violation */
  async run(): Promise<string | null> {
    try {
      await this.#prepare();
      await this.#unfold();
      await this.#finish();
      await this.#check();
      return null;
    } catch (error) {
      return [String(error), JSON.stringify(this.#plan), ...this.#log].join('\n');
    } finally {
      for (const machine of this.#machines) machine.close();
      await this.#laboratory.ensureListener();
    }
  }

  async #prepare(): Promise<void> {
    const { sandbox } = this.#laboratory;
    const { cards, kiosk, isRetry } = this.#plan;
    await this.#laboratory.control('DELETE', 'faults');
    for (let index = 0; index < cards; index += 1) this.#cards.push((await sandbox.readyCard()).card);
    if (isRetry) {
      await setOutcomes(sandbox, { kioskId: kiosk, errorCode: FAILED, times: cards });
      for (const card of this.#cards) await this.#laboratory.produce(card, kiosk);
    }
    await setOutcomes(sandbox, { kioskId: kiosk, errorCode: null, times: 1_000, afterMs: PRODUCTION_MS });
  }

  /** Starts both commands, and lets the disasters happen. */
  async #unfold(): Promise<void> {
    const { starts, disasters } = this.#plan;
    const commands = starts.map(async ({ command, at }, side) => {
      await pause(at);
      const machine = this.#machine(side);
      const { code, stdout, stderr } = await machine.run(this.#args(command));
      this.#codes.push(code);
      this.#note(`${machine.name} ended with ${code}: ${stdout.slice(0, 4_000)}${stderr.slice(-2_000)}`);
      if (`${stdout}${stderr}`.includes('internal-error')) throw new Error('a bug');
      this.#quietSince = performance.now();
    });
    const happening = disasters.map(async (disaster) => {
      await this.#machine(disaster.side).started;
      await pause(disaster.at);
      this.#note(JSON.stringify(disaster));
      await this.#happen(disaster);
      this.#quietSince = performance.now();
    });
    await Promise.all([...commands, ...happening]);
  }

  async #happen(disaster: Disaster): Promise<void> {
    switch (disaster.kind) {
      case 'kill':
        return this.#machine(disaster.side).kill();
      case 'power off':
        return this.#machine(disaster.side).powerOff();
      case 'suspend':
        return this.#machine(disaster.side).suspend(disaster.lasts);
      case 'cut':
        return this.#machine(disaster.side).proxy.cut();
      case 'freeze the network':
        return this.#machine(disaster.side).freezeNetwork(disaster.lasts);
      case 'lose the COMMIT':
        this.#machine(disaster.side).proxy.loses = 'the COMMIT';
        return undefined;
      case 'lose its answer':
        this.#machine(disaster.side).proxy.loses = 'its answer';
        return undefined;
      case 'terminate backends':
        await this.#laboratory
          .query(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND random() < 0.7',
          )
          // The server may be stopped.
          .catch(() => undefined);
        return undefined;
      case 'restart the server':
        this.#restarting = this.#restartAfter(this.#restarting, disaster);
        return this.#restarting;
      case 'lose the answer of Wise':
        return this.#laboratory.control('POST', 'faults', {
          kind: 'answer',
          method: 'PUT',
          path: '/production',
          reset: 'after',
        });
      case 'kill the listener':
        return this.#laboratory.killListener();
    }
  }

  /** @param earlier another restart, which may be in progress */
  async #restartAfter(earlier: Promise<void>, { isCrash, lasts }: Disaster): Promise<void> {
    const { server } = this.#laboratory;
    await earlier;
    await server.stop(isCrash ? 'SIGQUIT' : 'SIGINT');
    await pause(lasts / 4);
    await server.start();
  }

  /** Has one machine send what is left, until all cards are produced. */
  async #finish(): Promise<void> {
    const { kiosk, isRetry } = this.#plan;
    const machine = this.#machines.find(({ hasPower }) => hasPower) ?? this.#machine(0).replaced();
    for (const { proxy } of this.#machines) proxy.loses = null;
    const end = performance.now() + FINISH_MS;
    for (;;) {
      const begun = performance.now();
      this.#finishers += 1;
      const { code, stdout, stderr } = await machine.run(this.#args('cards'));
      this.#note(`${machine.name} finishes with ${code}: ${stdout.slice(0, 4_000)}${stderr.slice(-2_000)}`);
      if (`${stdout}${stderr}`.includes('internal-error')) throw new Error('a bug');
      const states = await Promise.all(this.#cards.map(async (card) => this.#laboratory.production(card)));
      const isProduced = states.every((status) => status === 'PRODUCED');
      const isBlocked = /"code":"(leased|attempt-open)"/.test(stdout);
      if (isBlocked && begun - this.#quietSince > BLOCKED_MS)
        throw new Error(`blocked for ${Math.round(begun - this.#quietSince)} ms, ${kiosk}`);
      if (isProduced && !isBlocked) return;
      if (performance.now() > end) throw new Error(`not finished (${states.join(', ')}) retry ${isRetry}`);
      await pause(500);
    }
  }

  async #check(): Promise<void> {
    const { sandbox } = this.#laboratory;
    const expected = this.#plan.isRetry ? 2 : 1;
    for (const card of this.#cards) {
      const puts = await sandbox.puts(card);
      if (puts.length !== expected)
        throw new Error(`${card} was sent by ${puts.length} requests, not ${expected}`);
      const token = card.split('/')[1] ?? '';
      const open = await this.#laboratory.query<{ outcome: string }>(
        'SELECT outcome FROM attempts WHERE card_token = :token AND closed_at IS NULL',
        { token },
      );
      if (open.length > 0) throw new Error(`${card} has an attempt that is ${open[0]?.outcome}`);
    }
  }

  #args(command: TrialPlan['starts'][number]['command']): string[] {
    const { kiosk, isRetry } = this.#plan;
    const flags = ['--yes', '--json', '--interval', '300ms', '--timeout', '40s'];
    if (command === 'kiosk') return ['retry', '--kiosk', kiosk, '--attended', ...flags];
    if (command === 'recover')
      return ['kiosk', 'recover', kiosk, '--rejected', 'none', '--attended', ...flags];
    if (isRetry) return ['retry', ...this.#cards, '--wait', ...flags];
    return ['produce', ...this.#cards, '--kiosk', kiosk, '--wait', ...flags];
  }

  #machine(side: number): Machine {
    const machine = this.#machines[side];
    if (!machine) throw new TypeError('no such machine');
    return machine;
  }

  #note(text: string): void {
    this.#log.push(`${Math.round(performance.now() - this.#begun)} ${text}`);
  }
}
