import type { Remark } from '../input/diagnostic.ts';
import { needsCard, tooManySteps } from './check-scenario.ts';
import { fillIn, loopKey, type Scope } from './interpolate.ts';
import { parseFilled, toSharedStep } from './read-step.ts';
import { MOST_STEPS, times } from './schema.ts';
import { remarksOf } from './schema-messages.ts';
import type { LoopNode, Node, Scenario, Step, StepNode, Value, Values } from './steps/step.ts';
import { listOf, readGiven } from './variables.ts';

/** What one card of a run is given before its steps are known. */
export interface CardGiven {
  /** From 1. */
  number: number;
  runId: string;
  environment: string;
  /** The kiosk whose turn it is; null where none is known. */
  kioskId: string | null;
  /** From `--var` and from the card's row, which wins. */
  values: Values;
}

/** One card's way, worked out before anything is sent. */
export interface CardPlan {
  steps: readonly Step[];
  kioskId: string | null;
  /** An existing card that the steps are done with, until one orders another; as the user wrote it. */
  card: string | null;
  /** With any of these, the steps are not all there. */
  mistakes: Remark[];
}

/** The rest shows once these are corrected. */
const MOST_MISTAKES = 100;
/** Of loops, those in which nothing is done counted, too. */
const MOST_TURNS = 10 * MOST_STEPS;

/**
 * One card's steps: variables filled in, loops unrolled, everything checked. Called once a card, before anything is sent.
 * Messages name the variables and fields that are wrong; values only where they can't be about a person.
 */
export function planCard(scenario: Scenario, given: CardGiven): CardPlan {
  const plan = new Plan(scenario, given);
  plan.unroll();
  return { steps: plan.steps, card: plan.card, kioskId: plan.kioskId, mistakes: plan.mistakes };
}

class Plan {
  readonly steps: Step[] = [];
  readonly mistakes: Remark[] = [];
  readonly card: string | null;
  readonly kioskId: string | null;
  readonly #scenario: Scenario;
  readonly #scope: Scope | null;
  #hasCard: boolean;
  #turns = 0;
  /** Known mistakes counted again. */
  #wrongs = 0;

  constructor(scenario: Scenario, given: CardGiven) {
    this.#scenario = scenario;
    const { values, kioskId, card } = readGiven(scenario, given, (name, message) =>
      this.#wrong(['variables', ...(name === null ? [] : [name])], message),
    );
    this.kioskId = kioskId;
    this.card = card;
    this.#hasCard = this.card !== null;
    this.#scope = Object.entries({
      ...values,
      kiosk: this.kioskId,
      'card.number': given.number,
      'run.id': given.runId,
    }).reduce<Scope | null>((outer, [name, value]) => ({ name, value, outer }), null);
  }

  unroll(): void {
    if (this.mistakes.length === 0) this.#unroll(this.#scenario.nodes, this.#scope);
  }

  /** @returns false once there are too many */
  #unroll(nodes: readonly Node[], scope: Scope | null): boolean {
    return nodes.every((node) => ('nodes' in node ? this.#loop(node, scope) : this.#step(node, scope)));
  }

  #loop(node: LoopNode, scope: Scope | null): boolean {
    const { path, as, nodes } = node;
    return this.#itemsOf(node, scope).every((value) => {
      this.#turns += 1;
      if (this.#turns > MOST_TURNS) return this.#tooMany(path);
      return this.#unroll(nodes, as === null ? scope : { name: as, value, outer: scope });
    });
  }

  #itemsOf({ kind, path, over }: LoopNode, scope: Scope | null): readonly Value[] {
    const at = [...path, kind, ...loopKey(kind)];
    const filled = this.#fill(over, at, { scope, leavesOut: false });
    if (filled === undefined) return [];
    if (kind === 'repeat') {
      const parsed = parseFilled(times, filled);
      if (parsed.success) return Array.from({ length: parsed.output }, (_, index) => index + 1);
      this.#add(remarksOf(parsed.issues, { path: at, quotes: false }));
      return [];
    }
    if (Array.isArray(filled)) return filled;
    if (typeof filled === 'string') return listOf(filled);
    this.#wrong(at, 'it is not a list');
    return [];
  }

  #step(node: StepNode, scope: Scope | null): boolean {
    const { kind, path } = node;
    if (this.steps.length >= MOST_STEPS) return this.#tooMany(path);
    this.#checkWhere(node);
    if (node.fixed) {
      this.steps.push({ ...node.fixed, index: this.steps.length });
      return true;
    }
    const before = this.#wrongs;
    const body = this.#fill(node.body, [...path, kind], { scope, leavesOut: kind !== 'expect' });
    const options = this.#fillOptions(node, scope);
    if (this.#wrongs > before) return true;
    const step = toSharedStep(node, { body, options }, this.#scenario.defaults);
    if (Array.isArray(step)) this.#add(step);
    else this.steps.push({ ...step, index: this.steps.length });
    return this.mistakes.length < MOST_MISTAKES;
  }

  #checkWhere({ kind, path, body }: StepNode): void {
    if (kind === 'order') this.#hasCard = true;
    else if (needsCard(kind) && !this.#hasCard)
      this.#wrong(path, `“${kind}” needs a card: order one before it, or give one with --var card=…`);
    if (kind === 'produce' && this.kioskId === null && (body === null || body === undefined))
      this.#wrong(
        path,
        'nobody says at which kiosk: write it here, or give --kiosk, --var kiosk=… or a column kiosk',
      );
  }

  #fillOptions({ options, path }: StepNode, scope: Scope | null): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(options).map(([name, said]) => [
        name,
        this.#fill(said, [...path, name], { scope, leavesOut: false }),
      ]),
    );
  }

  #fill(value: unknown, path: Remark['path'], how: { scope: Scope | null; leavesOut: boolean }): unknown {
    return fillIn(value, path, { ...how, wrong: (at, message) => this.#wrong(at, message) });
  }

  #tooMany(path: Remark['path']): false {
    this.#wrong(path, tooManySteps());
    return false;
  }

  #wrong(path: Remark['path'], message: string): void {
    this.#wrongs += 1;
    this.#add([{ path, at: 'value', message }]);
  }

  /** A loop meets the same one again and again. */
  #add(remarks: readonly Remark[]): void {
    for (const remark of remarks) {
      const where = remark.path.join('.');
      const isKnown = this.mistakes.some(
        (one) => one.message === remark.message && one.path.join('.') === where,
      );
      if (!isKnown && this.mistakes.length < MOST_MISTAKES) this.mistakes.push(remark);
    }
  }
}
