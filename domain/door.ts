import type { Mode } from './names.ts';

/**
 * The one way by which late news reaches a payment or a refund, from wherever it comes. Its implementation lives in
 * client/ and is handed to activities and the sweeper as a dependency, so that they need not import it.
 */
export interface NewsDoor {
  /** Wakes the workflow of a payment or refund, opening its next generation where it has closed. */
  news(ownerId: string): Promise<NewsResult>;
}

export type NewsResult = 'signalled' | 'reopened' | 'nothing_new' | 'no_such_owner';

/**
 * The way by which merchants' endpoints hear that events were written for them. Handed to activities, which call it
 * after their commit; a call that is lost costs no event, only time: endpoints look for themselves, too.
 */
export interface EventDoor {
  /** Returns at once, never throws; many calls in a row become one. */
  pokeEndpoints(merchantId: string, mode: Mode): void;
}

/** What an EventDoor knows of the passes over endpoints in its own process: whoever is looking need not be poked. */
export interface PassRegister {
  passBegins(endpointId: string): PassInProgress;
}

export interface PassInProgress {
  /** Says whether a poke was spared meanwhile, for which the pass may have looked too early. */
  end(): boolean;
}
