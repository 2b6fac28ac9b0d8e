import { defineSignal } from '@temporalio/workflow';

/** What an endpoint's delivery workflow is started with and told. Added to, never changed. */
export interface DeliveryInput {
  readonly endpointId: string;
  /** After so many passes a run continues as new; absent: as many as a history bears. */
  readonly passesARun?: number;
}

/** There are events for the endpoint, or somebody has changed it. Sent with the start (Signal-With-Start). */
export const pokeSignal = defineSignal<[]>('poke');

/** Why it has ended; enabling an endpoint starts it again. */
export interface DeliveryResult {
  readonly status: 'disabled' | 'gone';
}
