import type { Call, Services } from '../route.ts';

/** What may be due now is sent now. A wake-up that is lost costs time only: the sweeper looks for endpoints too. */
export function wake(endpointId: string, { log }: Pick<Call, 'log'>, { deliveryDoor }: Services): void {
  deliveryDoor.pokeEndpoint(endpointId).catch((error: unknown) => {
    log.warn({ err: error, endpoint: endpointId }, 'an endpoint was not woken');
  });
}
