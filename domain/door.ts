/**
 * The one way by which late news reaches a payment or a refund, from wherever it comes. Its implementation lives in
 * client/ and is handed to activities and the sweeper as a dependency, so that they need not import it.
 */
export interface NewsDoor {
  /** Wakes the workflow of a payment or refund, opening its next generation where it has closed. */
  news(ownerId: string): Promise<NewsResult>;
}

export type NewsResult = 'signalled' | 'reopened' | 'nothing_new' | 'no_such_owner';
