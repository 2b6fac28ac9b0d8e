import type { Mode } from '../../domain/ids.ts';
import type { Dependencies } from '../dependencies.ts';

/** What an order says of the events that its activity writes. */
export interface Announcement {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly events: readonly string[];
}

/**
 * Tells merchants' endpoints once an activity has written events. Inside of the activity, because a command more in
 * the workflow would be an event more in every history; nothing is lost if the process dies in between, since endpoints
 * look for themselves.
 */
export function announced<Order, Result>(
  { events }: Dependencies,
  activity: (order: Order) => Promise<Result>,
  what: (order: Order, result: Result) => Announcement | undefined,
): (order: Order) => Promise<Result> {
  return async (order) => {
    const result = await activity(order);
    const announcement = what(order, result);
    if (announcement !== undefined && announcement.events.length > 0)
      events?.pokeEndpoints(announcement.merchantId, announcement.mode);
    return result;
  };
}

export function said(
  { merchantId, mode }: { readonly merchantId: string; readonly mode: Mode },
  events: readonly string[],
): Announcement {
  return { merchantId, mode, events };
}
