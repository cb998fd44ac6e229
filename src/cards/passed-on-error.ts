import type { PassedOn } from './session/resolve-cards.ts';

/** An earlier command of the pipe failed before it had a card: its error goes on, with its exit code. */
export class PassedOnError extends Error {
  readonly passedOn: PassedOn;

  constructor(passedOn: PassedOn) {
    super(passedOn.error.message);
    this.passedOn = passedOn;
  }
}
