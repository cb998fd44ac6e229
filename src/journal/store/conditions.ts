import type { Value } from '../../database/database.ts';

/** Conditions of a WHERE clause, joined by AND, with their parameters. */
export class Conditions {
  readonly parameters: Record<string, Value>;
  readonly #conditions: string[];

  constructor(condition: string, parameters: Readonly<Record<string, Value>>) {
    this.#conditions = [condition];
    this.parameters = { ...parameters };
  }

  add(condition: string, parameters: Readonly<Record<string, Value>> = {}): void {
    this.#conditions.push(condition);
    Object.assign(this.parameters, parameters);
  }

  /** Adds a comparison with a parameter. Does nothing if the value is undefined. */
  compare(comparison: string, value: Value | undefined): void {
    const name = /:(\w+)$/.exec(comparison)?.[1];
    if (value !== undefined && name) this.add(comparison, { [name]: value });
  }

  /**
   * Adds the values of a list as parameters. Does not add a condition.
   * @returns the names of the parameters, for `IN (…)`; with an empty list, no value matches
   */
  list(name: string, values: readonly string[]): string {
    // PostgreSQL rejects an empty list.
    if (values.length === 0) return 'NULL';
    for (const [index, value] of values.entries()) this.parameters[`${name}${index}`] = value;
    return values.map((_, index) => `:${name}${index}`).join(', ');
  }

  /** Returns a LIMIT clause; empty for undefined. */
  limit(limit: number | undefined): string {
    if (limit === undefined) return '';
    this.parameters.limit = limit;
    return 'LIMIT :limit';
  }

  get where(): string {
    return this.#conditions.join(' AND ');
  }
}
