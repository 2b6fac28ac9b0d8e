/**
 * What processes count of their own work, so that Prometheus can be asked. The counting itself is telemetry/'s; it is handed to
 * the API and to activities as a dependency. Every word that goes in becomes a label, so each comes from a short list:
 * never a payment, a payer, a path as called, or anything that was sent by somebody.
 */
export interface WorkMeter {
  /** One request to a provider came to its end, whatever that was. */
  providerCalled(call: ProviderCall): void;
  /** A payment came to an end; `reason` is a failure's code, or `none`. */
  paymentEnded(outcome: string, reason: string): void;
  /** Its payer was answered (domain/payment/answered.ts), once in its life, after so many attempts at providers. */
  paymentAnswered(outcome: string, reason: string, attempts: number): void;
  refundEnded(outcome: string): void;
  /** One attempt to tell a merchant's endpoint of an event. */
  eventSent(result: 'delivered' | 'failed' | 'dead'): void;
}

export interface ProviderCall {
  readonly provider: string;
  /** The provider account's id: there are as many as merchants have contracts. */
  readonly account: string;
  readonly operation: string;
  readonly outcome: string;
  readonly isResend: boolean;
  readonly seconds: number;
}

export interface RequestMeter {
  /** `route` is the route's pattern. */
  served(request: ServedRequest): void;
  webhooksCame(provider: string, result: 'stored' | 'duplicate' | 'refused', count: number): void;
}

export interface ServedRequest {
  readonly method: string;
  readonly route: string;
  /** What its answer says, or would have said. */
  readonly status: number;
  /** False: it came whole and was not refused (4xx), and the connection ended before its answer had been written. */
  readonly isAnswered: boolean;
  readonly seconds: number;
}
