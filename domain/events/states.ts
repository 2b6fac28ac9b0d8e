import type { Edges } from '../machine.ts';

/** One event on its way to one endpoint. */
export type DeliveryStatus = 'pending' | 'delivered' | 'dead';

export const DELIVERY_EDGES: Edges<DeliveryStatus> = {
  pending: ['delivered', 'dead'],
  // Both only by a merchant's replay.
  delivered: ['pending'],
  dead: ['pending'],
};

export const DELIVERY_STATUSES = Object.keys(DELIVERY_EDGES) as readonly DeliveryStatus[];

/** A merchant's endpoint. It is disabled by the merchant, or by its own answer 410. */
export type EndpointStatus = 'enabled' | 'disabled';

export const ENDPOINT_EDGES: Edges<EndpointStatus> = {
  enabled: ['disabled'],
  disabled: ['enabled'],
};
