import { chooseProgram } from '../cards/card-program.ts';
import { checkAddress, type OrderChecks } from '../cards/order.ts';
import type { Context } from '../context/context.ts';
import { canonical } from '../domain/order.ts';
import type { OrderRequest } from '../wire/orders.ts';

/** The orders of a run ask the vendor once for the same programs and the same address. */
export class SharedChecks implements OrderChecks {
  readonly #programs = new Map<string, Promise<string>>();
  readonly #addresses = new Map<string, Promise<void>>();

  async program(ctx: Context, wanted: { profileId: number; named: string | null }): Promise<string> {
    return once(this.#programs, JSON.stringify(wanted), async () => chooseProgram(ctx, wanted));
  }

  async address(ctx: Context, profileId: number, order: OrderRequest): Promise<void> {
    const name = `${profileId} ${canonical(order.address)}`;
    return once(this.#addresses, name, async () => checkAddress(ctx, profileId, order));
  }
}

/** What failed is asked again by the next one. */
async function once<Answer>(
  answers: Map<string, Promise<Answer>>,
  name: string,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const known = answers.get(name);
  if (known) return known;
  const answer = ask();
  answers.set(name, answer);
  answer.catch(() => answers.delete(name));
  return answer;
}
