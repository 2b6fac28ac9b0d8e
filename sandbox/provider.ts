// What a simulated provider offers to the machinery around it (pipeline, admin, webhooks).
// A provider decides; it never touches sockets, files or timers.
import type { IncomingHttpHeaders } from 'node:http';
import type { ChallengeOutcome } from './acs/emv.ts';
import type { Task, Transaction, WebhookRow } from './kernel.ts';
import type { Settler } from './settlement/settler.ts';
import type { TestFault } from './test-values.ts';

export type Operation = 'authorize' | 'capture' | 'void' | 'refund' | 'lookup' | 'other';

export interface ProviderOptions {
  apiKey: string;
  webhookSecret: string;
  account: string;
  /** Where this simulator's own pages are served. */
  publicUrl(): string;
}

export interface ApiRequest {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  rawBody: string;
  requestId: string;
}

export interface Answer {
  status: number;
  body: unknown;
  /** Sent as it is instead of `body`: a file. */
  text?: string;
  headers?: Record<string, string>;
  /** Whether the idempotency key remembers this answer: validation failures, for one, are forgotten. */
  store: boolean;
}

/** The amount as it was asked for, in ISO 4217 minor units; null where the request didn't say it properly. */
export interface ArrivedMoney {
  amountMinor: number | null;
  currency: string | null;
}

/** A request that the provider understood well enough to run. */
export interface Call {
  operation: Operation;
  /** Present exactly for requests that can move money: these are journalled as arrivals. */
  money?: ArrivedMoney;
  reference: string | null;
  testFault?: TestFault | undefined;
  idempotency?: { key: string; fingerprint: string } | undefined;
  execute(tx: Transaction): Answer;
  /** The request without card data, kept when a fault swallowed it, so that it can succeed late. */
  remember?: () => Record<string, unknown>;
}

export interface StoredAnswer {
  key: string;
  fingerprint: string;
  status: number;
  body: string;
  requestId: string;
  createdAt: number;
}

export interface LateSuccessRequest {
  reference: string;
  /** Needed only where nothing with this reference ever arrived. ISO 4217 minor units. */
  amountMinor?: number | undefined;
  currency?: string | undefined;
  capture?: boolean | undefined;
}

export interface AuthenticateRequest {
  reference: string;
  outcome: ChallengeOutcome;
  /** How long after the answer the provider hears of it; absent: as the settings say. */
  reportDelayMs?: number | undefined;
}

export interface Authenticated {
  /** Where a browser would be sent now. */
  returnTo: string | null;
}

export type LateSuccess = 'succeeded' | 'already_succeeded' | 'not_found';

export interface ProviderSimulator {
  name: string;
  /** How its days are closed and its files look. Absent: its days cannot be closed. */
  settler?: Settler;
  /** Where this simulator's own pages are served. */
  publicUrl(): string;
  idempotencyWindowMs: number;
  /** Stripe replays a 5xx that came from execution; the others remember what happened instead. */
  storesServerErrors: boolean;
  /** Its keys remember what was answered as a success: of an effect that ended in a 5xx they keep nothing. */
  forgetsServerErrors?: boolean;
  receive(request: ApiRequest): Call | Answer;
  headers(request: ApiRequest, replayOf: StoredAnswer | undefined): Record<string, string>;
  keyReused(): Answer;
  keyInUse(): Answer;
  serverError(status: number): Answer;
  runTask(task: Task, tx: Transaction): void;
  renderWebhook(row: WebhookRow): { headers: Record<string, string>; body: string };
  /** Everything the provider knows under the merchant's reference. */
  find(reference: string): unknown[];
  lateSuccess(tx: Transaction, request: LateSuccessRequest): LateSuccess;
  /** Ends a pending 3DS challenge as a cardholder would; undefined when none is pending. */
  authenticate(tx: Transaction, request: AuthenticateRequest): Authenticated | undefined;
  /** Pages for the cardholder; undefined where the path isn't one. */
  page?(request: ApiRequest, tx: Transaction): Page | undefined;
}

export interface Page {
  status: number;
  headers: Record<string, string>;
  body: string;
}
