/**
 * The one way by which late news reaches a payment, from wherever it comes. Its implementation lives in
 * client/ and is handed to activities and the sweeper as a dependency, so that they need not import it.
 */
export interface NewsDoor {
  /** Wakes the payment's workflow, opening its next generation where it has closed. */
  news(paymentId: string): Promise<NewsResult>;
}

export type NewsResult = 'signalled' | 'reopened' | 'nothing_new' | 'no_such_payment';
