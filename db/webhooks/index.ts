/**
 * db/webhooks/: deliveries of events to merchants' endpoints, as rows. What lives here: making deliveries of the
 * events past an endpoint's cursor, handing out those that are due, writing what became of them. What may not:
 * sending, and deciding what an answer means (domain/events does). Whatever changes deliveries holds the endpoint's
 * row: two workers at once take turns, and each event has one sender at a time.
 */
export {
  type DueDelivery,
  type EndpointToServe,
  type Settled,
  type Taken,
  takeDeliveries,
} from './deliveries.ts';
export { disableEndpoint, enabledEndpoints, hasWork, type Outlook, outlookOf } from './endpoints.ts';
