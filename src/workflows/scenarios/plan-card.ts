import { Failure } from '../../domain/errors/failure.ts';
import { parseKioskId } from '../../domain/kiosk-id.ts';
import { parseReference } from '../../domain/reference.ts';
import { orNearest, type Remark } from '../../domain/remark.ts';
import { needsCard, tooManySteps } from './check-scenario.ts';
import { fillIn, type Scope } from './fill-in.ts';
import { remarksOf } from './issues.ts';
import { loopKey } from './references.ts';
import type { LoopNode, Node, Scenario, Step, StepNode, Value, Values } from './scenario.ts';
import { MOST_STEPS, times } from './scenario-schema.ts';
import { isNumber, parseFilled, toStep } from './to-step.ts';

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
  readonly #given: CardGiven;
  readonly #scope: Scope | null;
  #hasCard: boolean;
  #turns = 0;

  constructor(scenario: Scenario, given: CardGiven) {
    this.#scenario = scenario;
    this.#given = given;
    const values = this.#readValues();
    this.kioskId = this.#readKiosk(values);
    this.card = this.#readCard(values);
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

  #readValues(): Record<string, Value> {
    const { variables } = this.#scenario;
    const known = variables.map(({ name }) => name);
    for (const name of Object.keys(this.#given.values)) {
      if (!known.includes(name) && name !== 'kiosk')
        this.#wrong(
          ['variables'],
          `the scenario has no variable “${name}”${orNearest(name, [...known, 'kiosk'])}`,
        );
    }
    return Object.fromEntries(
      variables.map(({ name, required, local, ...variable }) => {
        const isLocal = this.#given.environment === 'local' && local !== undefined;
        const otherwise = isLocal ? local : variable.default;
        const said = Object.hasOwn(this.#given.values, name) ? this.#given.values[name] : undefined;
        if (said === undefined || said === null) {
          if (required)
            this.#wrong(
              ['variables', name],
              `“${name}” must be given: --var ${name}=…, or a column ${name} of the data`,
            );
          return [name, otherwise];
        }
        return [name, this.#likeDefault(name, said, otherwise)];
      }),
    );
  }

  /** Flags and columns give text: where the default is a number, a list …, it is read as one. */
  #likeDefault(name: string, said: Value, otherwise: Value): Value {
    if (typeof said !== 'string' || otherwise === null || typeof otherwise === 'string') return said;
    if (typeof otherwise === 'number' && isNumber(said)) return Number(said);
    if (typeof otherwise === 'boolean' && (said === 'true' || said === 'false')) return said === 'true';
    if (Array.isArray(otherwise)) return listOf(said);
    const wanted = typeof otherwise === 'number' ? 'a number' : 'true or false';
    const kind = typeof otherwise === 'object' ? 'a mapping, which only the file can have' : wanted;
    this.#wrong(['variables', name], `what is given for “${name}” is not ${kind}`);
    return said;
  }

  #readKiosk(values: Values): string | null {
    const kiosk = this.#given.values.kiosk ?? this.#given.kioskId ?? values.kiosk ?? null;
    return kiosk === null ? null : this.#read('kiosk', kiosk, parseKioskId);
  }

  #readCard({ card }: Values): string | null {
    return card === undefined || card === null ? null : this.#read('card', card, parseReference);
  }

  #read(name: string, value: Value, parse: (text: string) => unknown): string {
    const text = typeof value === 'object' ? '' : String(value);
    try {
      parse(text);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#wrong(['variables', name], `“${name}” can’t be read: ${error.hint.replace(/\.$/, '')}`);
    }
    return text;
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
    if (kind === 'repeat') {
      const parsed = parseFilled(times, filled);
      if (parsed.success) return Array.from({ length: parsed.output }, (_, index) => index + 1);
      this.#add(remarksOf(parsed.issues, { path: at, quotes: false }));
      return [];
    }
    if (Array.isArray(filled)) return filled;
    if (typeof filled === 'string') return listOf(filled);
    if (filled !== undefined) this.#wrong(at, 'it is not a list');
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
    const before = this.mistakes.length;
    const body = this.#fill(node.body, [...path, kind], { scope, leavesOut: kind !== 'expect' });
    const options = this.#fillOptions(node, scope);
    if (this.mistakes.length > before) return true;
    const step = toStep({ ...node, body, options }, this.#scenario.defaults, this.steps.length);
    if (Array.isArray(step)) this.#add(step);
    else this.steps.push(step);
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

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
