import type { KioskId } from '../domain/ids.ts';
import { type Diagnostic, diagnostic, isMapping } from '../input/diagnostic.ts';
import { TOO_MANY_STEPS } from './check-scenario.ts';
import { interpolate, namesIn, type Scope, type Value } from './interpolate.ts';
import { toStep } from './read-steps.ts';
import {
  contentOf,
  isLoop,
  type LoopNode,
  type Node,
  type Scenario,
  type StepNode,
  type Values,
} from './scenario.ts';
import { MOST_STEPS, times } from './schema.ts';
import { parseFilled, toDiagnostics } from './schema-messages.ts';
import type { Step } from './steps/step.ts';
import { listOf, resolveVariables } from './variables.ts';

/** Input for planning the steps of a card. */
export interface CardGiven {
  /** Number of the card, from 1. */
  number: number;
  runId: string;
  environment: string;
  /** Kiosk that the run assigns to the card; null if none is known. */
  kioskId: KioskId | null;
  /** Values of `--var` and of the card's row. The row has precedence. */
  values: Values;
}

/** The planned steps of one card. */
export interface CardPlan {
  steps: readonly Step[];
  kioskId: KioskId | null;
  /** The existing card as the user wrote it; null if the steps order one. */
  card: string | null;
  /** If there are mistakes, the steps are incomplete. */
  mistakes: Diagnostic[];
}

/** Maximum number of mistakes in one report. */
const MOST_MISTAKES = 100;
/** Maximum number of loop iterations, including iterations without steps. */
const MOST_ROUNDS = 10 * MOST_STEPS;

/**
 * Plans the steps of a card: replaces variables, unrolls loops and validates the result. A message contains a value
 * only if its field can't hold personal data.
 */
export function planCard(scenario: Scenario, given: CardGiven): CardPlan {
  const plan = new Plan(scenario, given);
  plan.unroll();
  return { steps: plan.steps, card: plan.card, kioskId: plan.kioskId, mistakes: plan.mistakes };
}

class Plan {
  readonly steps: Step[] = [];
  readonly mistakes: Diagnostic[] = [];
  readonly card: string | null;
  readonly kioskId: KioskId | null;
  readonly #scenario: Scenario;
  readonly #scope: Scope | null;
  #hasCard: boolean;
  #rounds = 0;

  constructor(scenario: Scenario, given: CardGiven) {
    this.#scenario = scenario;
    const { values, kioskId, card } = resolveVariables(scenario, given, (name, message) =>
      this.#wrong(['variables', name], message),
    );
    this.kioskId = kioskId;
    this.card = card;
    this.#hasCard = card !== null;
    const all = { ...values, kiosk: kioskId, 'card.number': given.number, 'run.id': given.runId };
    this.#scope = Object.entries(all).reduce<Scope | null>(
      (outer, [name, value]) => ({ name, value, outer }),
      null,
    );
  }

  unroll(): void {
    if (this.mistakes.length === 0) this.#unroll(this.#scenario.nodes, this.#scope);
  }

  /** Unrolls steps and loops. @returns true to continue; false if there are too many steps or mistakes */
  #unroll(nodes: readonly Node[], scope: Scope | null): boolean {
    return nodes.every((node) => (isLoop(node) ? this.#loop(node, scope) : this.#step(node, scope)));
  }

  #loop(node: LoopNode, scope: Scope | null): boolean {
    const { path, as, nodes } = node;
    return this.#itemsOf(node, scope).every((value) => {
      this.#rounds += 1;
      if (this.#rounds > MOST_ROUNDS) return this.#tooMany(path);
      return this.#unroll(nodes, as === null ? scope : { name: as, value, outer: scope });
    });
  }

  #itemsOf(node: LoopNode, scope: Scope | null): readonly Value[] {
    const { path } = contentOf(node);
    const filled = this.#fill(node.over, path, { scope });
    if (filled === null) return [];
    const { value } = filled;
    if (node.word === 'repeat') {
      const parsed = parseFilled(times, value);
      if (parsed.success) return Array.from({ length: parsed.output }, (_, index) => index + 1);
      this.#add(toDiagnostics(parsed.issues, { schema: times, path, quotes: false }));
      return [];
    }
    if (Array.isArray(value)) return value;
    if (typeof value === 'string') return listOf(value);
    this.#wrong(path, 'it is not a list');
    return [];
  }

  #step(node: StepNode, scope: Scope | null): boolean {
    const { definition, path } = node;
    if (this.steps.length >= MOST_STEPS) return this.#tooMany(path);
    this.#checkNeeds(node);
    const step = node.fixed ?? this.#fillStep(node, scope);
    if (Array.isArray(step)) this.#add(step);
    else {
      const wrong = definition.check?.(step.body, this);
      if (wrong) this.#wrong(path, wrong);
      this.steps.push({ ...step, index: this.steps.length });
    }
    return this.mistakes.length < MOST_MISTAKES;
  }

  /** Replaces the variables of a step. @returns the step, or its mistakes (empty if they are already recorded) */
  #fillStep(node: StepNode, scope: Scope | null): Omit<Step, 'index'> | Diagnostic[] {
    const { definition, path } = node;
    const content = contentOf(node);
    const body = this.#fill(content.value, content.path, { scope, dropsEmpty: !definition.isCheck });
    const options = this.#fill(node.options, path, { scope });
    if (body === null || options === null || !isMapping(options.value)) return [];
    const { personal, defaults } = this.#scenario;
    const isPersonal = namesIn([node.body, node.options]).some((name) => personal.has(name));
    const filled = { body: body.value, options: options.value };
    return toStep(node, filled, { defaults, isPersonal });
  }

  #checkNeeds({ definition: { kind, card }, path }: StepNode): void {
    if (card === 'ordered') this.#hasCard = true;
    else if (card === 'needed' && !this.#hasCard)
      this.#wrong(path, `“${kind}” needs a card: order one before it, or set one with --var card=…`);
  }

  /** Replaces all `${…}` in a value. @returns the new value; null after a mistake, which is recorded */
  #fill(
    value: unknown,
    path: Diagnostic['path'],
    { scope, dropsEmpty = false }: { scope: Scope | null; dropsEmpty?: boolean },
  ): { value: unknown } | null {
    let isWrong = false;
    const wrong = (at: Diagnostic['path'], message: string) => {
      isWrong = true;
      this.#wrong(at, message);
    };
    const filled = interpolate(value, path, { scope, dropsEmpty, wrong });
    return isWrong ? null : { value: filled };
  }

  #tooMany(path: Diagnostic['path']): false {
    this.#wrong(path, TOO_MANY_STEPS);
    return false;
  }

  #wrong(path: Diagnostic['path'], message: string): void {
    this.#add([diagnostic(path, message)]);
  }

  /** Adds mistakes without duplicates: each iteration of a loop has the same mistakes. */
  #add(found: readonly Diagnostic[]): void {
    for (const one of found) {
      const isSame = ({ path, message }: Diagnostic) =>
        message === one.message && path.join('.') === one.path.join('.');
      if (this.mistakes.length < MOST_MISTAKES && !this.mistakes.some(isSame)) this.mistakes.push(one);
    }
  }
}
