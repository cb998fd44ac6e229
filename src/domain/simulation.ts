import { ERROR_CATALOGUE, findErrors } from './errors/error-catalogue.ts';
import { Failure } from './errors/failure.ts';
import { nearestOf } from './text/nearest.ts';
import { printable } from './text/terminal-text.ts';

/** What a sandbox is told to do with a card that was sent to a kiosk. */
export interface Simulation {
  status: 'PRODUCED' | 'PRODUCTION_ERROR';
  errorCode?: string;
}

/**
 * Reads a simulated result.
 * @param text `PRODUCED`, `PRODUCTION_ERROR`, or with a code: `PRODUCTION_ERROR:PRD_HOPPER_DOOR`
 * @throws Failure `usage`, suggesting the nearest codes for one that doesn't exist
 */
export function parseSimulation(text: string): Simulation {
  const [status = '', ...codes] = text.split(':');
  return toSimulation(status, codes.length === 0 ? undefined : codes.join(':'));
}

/** @throws Failure `usage` */
export function toSimulation(status: string, errorCode: string | undefined): Simulation {
  const wanted = status.toUpperCase();
  if (wanted !== 'PRODUCED' && wanted !== 'PRODUCTION_ERROR') {
    throw new Failure('usage', `“${printable(status)}” can't be simulated.`, {
      hint: 'Simulate PRODUCED, or PRODUCTION_ERROR with an error code: PRODUCTION_ERROR:PRD_HOPPER_DOOR.',
    });
  }
  if (errorCode === undefined) return { status: wanted };
  if (wanted === 'PRODUCED') {
    throw new Failure('usage', 'An error code goes only with PRODUCTION_ERROR.', {
      hint: `Leave the code out, or simulate PRODUCTION_ERROR:${printable(errorCode)}.`,
    });
  }
  return { status: wanted, errorCode: productionCode(errorCode) };
}

function productionCode(text: string): string {
  const code = text.toUpperCase();
  const kinds = findErrors(code).map(({ kind }) => kind);
  if (kinds.includes('production')) return code;
  if (kinds.length > 0) {
    throw new Failure('usage', `${code} is an answer to a produce request, not the end of a production.`, {
      hint: 'Only production codes can be simulated: kioskctl explain lists them.',
    });
  }
  throw unknownCode(
    text,
    ERROR_CATALOGUE.filter(({ kind }) => kind === 'production').map((entry) => entry.code),
  );
}

/** The failure for a code that is not in the catalogue, with the ones that it may have been meant to be. */
export function unknownCode(text: string, codes = ERROR_CATALOGUE.map((entry) => entry.code)): Failure {
  const word = text.toUpperCase().replaceAll('-', '_');
  const containing = [...new Set(codes)].filter((code) => word !== '' && code.includes(word)).slice(0, 5);
  const nearest = (containing.length > 0 ? containing : nearestOf(word, codes)).join(', ');
  return new Failure('usage', `There is no error code “${printable(text)}”.`, {
    hint: nearest
      ? `Did you mean ${nearest}? kioskctl explain lists all codes.`
      : 'kioskctl explain lists all codes.',
  });
}
