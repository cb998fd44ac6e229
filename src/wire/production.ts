import * as v from 'valibot';
import { optionalText, requiredText } from './scalars.ts';

/** Body of `PUT …/cards/{cardToken}/production`. */
export const produceRequest = v.object({ kioskId: requiredText });

/** ProductionStatus, as PUT and GET answer it. An unknown `status` passes as it came; a missing one does not. */
export const productionStatus = v.object({
  status: v.string(),
  kioskId: optionalText,
  occurredAt: optionalText,
  errorCode: optionalText,
  description: optionalText,
});

/** Body of the sandbox's `POST …/simulation/…/production`. */
export const simulationRequest = v.pipe(
  v.object({
    status: v.picklist(['PRODUCED', 'PRODUCTION_ERROR']),
    errorCode: v.nullish(v.string()),
  }),
  v.check(
    ({ status, errorCode }) => !errorCode || status === 'PRODUCTION_ERROR',
    'errorCode must be set only with PRODUCTION_ERROR',
  ),
);
export type SimulationRequest = v.InferOutput<typeof simulationRequest>;
