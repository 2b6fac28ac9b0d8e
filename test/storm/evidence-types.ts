import type { History } from '../../cli/replay/history-json.ts';

/**
 * What a storm leaves behind, and all that the checker may judge by: the simulators' journals, what the
 * merchant sent and was told, what the nemesis did, the rows as Postgres has them, the histories. The checker
 * lives on these types only; it shares no rule with the platform.
 *
 * Instants are epoch milliseconds of the rig's own clock, which never jumps; Postgres shares it. The clocks of
 * API, worker and simulator processes may jump (`clock` faults); the `at` of a journal is true all the same,
 * because the rig's tree makes the simulators' journals look at the true clock.
 */

/** A line of a simulator's journal, as sandbox/README.md describes it. `at` is ISO 8601, true time. */
export interface JournalLine {
  readonly seq: number;
  readonly at: string;
  readonly tx: number;
  readonly kind: 'arrival' | 'effect';
  readonly provider: string;
  readonly account: string;
  /** What came in: authorize, capture, void, refund. */
  readonly operation?: string;
  /** What happened to money: authorized, captured, voided, expired, refunded, refund_failed, declined, ... */
  readonly effect?: string;
  /** The merchant's reference of the payment at the provider: Interlock's attempt id. */
  readonly reference: string | null;
  /** The merchant's reference of the operation, where the provider takes one. */
  readonly operationReference?: string | null;
  readonly providerReference?: string;
  readonly parentReference?: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly idempotencyKey: string | null;
  /** Of an arrival: its key was known to the provider, so nothing new ran. */
  readonly replay?: boolean;
  /** Of `authorized` and `declined`, where the payer was authenticated or was to be: EMV's codes, verbatim. */
  readonly authentication?: {
    readonly flow?: string | null;
    readonly transStatus?: string;
    readonly transStatusReason?: string;
    readonly challengeCancel?: string;
  };
}

export type ProviderName = 'stripe' | 'adyen';

/** What the merchant's client wrote down, in the order of writing; each line is fsynced before it goes on. */
export type MerchantLine = MerchantRequest | MerchantAnswer | MerchantFailure | MerchantScenario | PayerAct;

interface Written {
  readonly at: number;
  readonly seq: number;
}

/** One scenario begins: what it means to do, so that a reader understands its calls. */
export interface MerchantScenario extends Written {
  readonly kind: 'scenario';
  readonly number: number;
  readonly name: string;
}

/** What the payer's browser did at the issuer's page or at Interlock's door, and what it was answered. */
export interface PayerAct extends Written {
  readonly kind: 'payer';
  readonly scenario: number;
  readonly payment: string;
  /** open, approve, fail, cancel, come_back, forged_amount, forged_query, forged_address, report. */
  readonly did: string;
  /** 0: no answer, however often it was tried. */
  readonly status: number;
}

/** An HTTP request is about to be sent. Retries are further requests with the same `key`. */
export interface MerchantRequest extends Written {
  readonly kind: 'request';
  /** One HTTP exchange; its answer or failure names the same. */
  readonly call: number;
  /** The number of the scenario it belongs to. */
  readonly scenario: number;
  readonly merchant: string;
  /** The Idempotency-Key; absent for reads. */
  readonly key?: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Which API was asked: 0 or 1. */
  readonly api: number;
  /** The caller's deadline, as its `Prefer: wait` says, or the default. */
  readonly waitMs: number;
}

export interface MerchantAnswer extends Written {
  readonly kind: 'answer';
  readonly call: number;
  readonly status: number;
  readonly body: unknown;
  /** The answer's `Idempotent-Replayed: true`. */
  readonly replayed: boolean;
  readonly elapsedMs: number;
  readonly waitMs: number;
}

/** No answer came: the connection broke, or the client gave up. The request may have been executed. */
export interface MerchantFailure extends Written {
  readonly kind: 'failure';
  readonly call: number;
  readonly error: string;
  readonly elapsedMs: number;
}

export const FAULT_KINDS = [
  'kill',
  'freeze',
  'net',
  'provider',
  'webhook',
  'clock',
  'reset',
  'endpoint',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A fault that really happened. */
export interface FaultLine {
  readonly at: number;
  readonly endedAt: number;
  readonly kind: FaultKind;
  /** What was hit: `worker-0`, `api-1`, `temporal`, `postgres`, `sandbox-stripe`, a link, a workflow id. */
  readonly target: string;
  /** e.g. `random`, `crash_point:bytes_sent`, `stop`, `latency`, `forged`, `terminate`. */
  readonly what: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A span in which a process or a link that the API's answers depend on was not whole. */
export interface Disturbance {
  readonly fromMs: number;
  readonly toMs: number;
  /** The process or link. */
  readonly target: string;
  readonly kind: FaultKind;
}

/** One row, as node-postgres gives it: bigint as string, timestamptz as Date, bytea as Buffer, json parsed. */
export type Row = Readonly<Record<string, unknown>>;

/** The tables that are collected with `SELECT *`; a table that doesn't exist is []. */
export const TABLES = [
  'request',
  'payment',
  'attempt',
  'operation',
  'payment_method',
  'observation',
  'payment_balance',
  'refund_reservation',
  'refund',
  'external_refund',
  'resolution',
  'operator',
  'operator_refusal',
  'ledger_transaction',
  'ledger_posting',
  'audit',
  'outbox',
  'event_counter',
  'webhook_endpoint',
  'webhook_delivery',
  'inbox',
  'return_refusal',
  'exception',
  'circuit',
  'alarm',
  'provider_account',
] as const;
export type TableName = (typeof TABLES)[number];

/** A GET after quiescence, by the merchant's own key. */
export interface FinalRead {
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

/** A workflow as Temporal has it after quiescence, with what replaying its history against the tree's code said. */
export interface WorkflowEvidence {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  /** RUNNING, COMPLETED, FAILED, TERMINATED, ... */
  readonly status: string;
  readonly events: number;
  /** Undefined: it replays. */
  readonly replayError?: string;
  /** The history itself; kept only where the replay failed. */
  readonly history?: History;
  /** A workflow task is failing over and over, as `describe` shows it. */
  readonly pendingTaskFailure?: string;
}

/** A forged, garbled or oversized webhook that the nemesis sent to an API, and what it was told. */
export interface ForgedWebhook {
  readonly at: number;
  readonly provider: ProviderName;
  readonly how: string;
  /** The event id that it claimed: no inbox row may have it. */
  readonly eventId: string;
  /** What it named, so that "nothing changed" can be looked up. */
  readonly reference: string | null;
  /** 0: no answer. */
  readonly status: number;
}

export const ENDPOINTS = ['well', 'flapping', 'slow'] as const;
/** The merchant's endpoints, by what becomes of them while endpoints are troubled: the first one stays well. */
export type EndpointName = (typeof ENDPOINTS)[number];

/** One of the merchant's endpoints. The secret is that of a rig which is gone. */
export interface EndpointEvidence {
  readonly name: EndpointName;
  readonly id: string;
  readonly secret: string;
}

/** One delivery as it came to the merchant's receiver, on disk before it was answered. */
export interface DeliveryLine {
  /** Epoch milliseconds, true time. */
  readonly at: number;
  readonly endpoint: EndpointName;
  /** `stale`: rightly signed, with a time stamp that a careful merchant refuses. */
  readonly signature: 'valid' | 'stale' | 'wrong';
  /** The header `webhook-id`. */
  readonly eventId: string;
  /** Of the body's bytes. */
  readonly bodyDigest: string;
  /** From the body; absent where it can't be read. */
  readonly event?: {
    readonly id: string;
    readonly type: string;
    readonly payment: string;
    readonly sequence: number;
    readonly objectId: string;
  };
  /** 0: none, whether it hung or the connection was cut. */
  readonly answered: number;
}

export interface StormSettings {
  readonly seed: number;
  readonly payments: number;
  readonly timeScale: number;
  readonly providerDeadlineMs: number;
  readonly completeByMs: number;
  readonly apiWaitMs: number;
  readonly webhookDeadlineMs: number;
  readonly merchantId: string;
  /** Provider account ids, as rows name them. */
  readonly accounts: Readonly<Record<ProviderName, string>>;
  /** The providers' key windows by contract, unscaled: Stripe 24 h, Adyen 7 d. */
  readonly keyWindowMs: Readonly<Record<ProviderName, number>>;
  readonly proxy: string;
  readonly sabotage?: string;
}

export interface StormEvidence {
  readonly settings: StormSettings;
  readonly journals: Readonly<Record<ProviderName, readonly JournalLine[]>>;
  readonly merchant: readonly MerchantLine[];
  readonly faults: readonly FaultLine[];
  readonly disturbances: readonly Disturbance[];
  readonly forged: readonly ForgedWebhook[];
  readonly endpoints: readonly EndpointEvidence[];
  readonly deliveries: readonly DeliveryLine[];
  readonly tables: Readonly<Record<TableName, readonly Row[]>>;
  readonly reads: readonly FinalRead[];
  readonly workflows: readonly WorkflowEvidence[];
  readonly timeScale: number;
  /** When the storm began, when everything was healed, and when nothing was left to do (absent: never). */
  readonly startedAtMs: number;
  readonly healedAtMs: number;
  readonly quietAtMs?: number;
  /** What was not at rest when patience ended: `pay_... processing`, `inbox ...`. */
  readonly restless: readonly string[];
}

/** One way in which an invariant was broken. */
export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10';
  /** The payment, refund, operation, workflow or row. */
  readonly subject: string;
  readonly what: string;
}
