import type { Expectation, Seen, Unmet } from './expectation.ts';
export function meets(_expectation: Expectation, _seen: Seen): Unmet[] {
  return [];
}
