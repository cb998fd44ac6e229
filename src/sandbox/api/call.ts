import type { IncomingHttpHeaders } from 'node:http';
import type { Moment } from '../state/tables/clock.ts';
import type { PathParameters } from './router.ts';

/** A request that found its handler, at its moment. */
export interface Call extends Moment {
  parameters: PathParameters;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Parsed JSON, or the fields of a form; undefined where the endpoint takes no body. */
  body: unknown;
  /** Has the request used up a fault already? One request uses up at most one. */
  isFaulted: boolean;
}
