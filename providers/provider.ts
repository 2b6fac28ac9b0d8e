/**
 * providers/: translation between Interlock's operations and each provider's API. What lives here: the
 * contract (this file), the registry, the transport, one folder an adapter. What may not: rows, permits,
 * the vault, retries or decisions; and no adapter may know another.
 */
import type { ZodObject, ZodType } from 'zod';
import type { AuthenticationRequest, StoredCredential } from '../domain/authentication/authentication.ts';
import type { Evidence, OperationOutcome } from '../domain/payment/outcome.ts';

/**
 * The contract between Interlock and a payment provider. An adapter is one folder here with
 * `index, client, mapping, webhook, config, README`, a twin in sandbox/, and one line in registry.ts.
 * It translates and nothing else: it opens no vault, writes no row, claims no permit, retries nothing,
 * and never throws for what a provider did (every answer and every fault is an OperationOutcome, with
 * `unknown` for whatever it cannot map). What is optional here is absent where a provider cannot do it;
 * capabilities are read from presence, so they cannot disagree with the code.
 */
export interface Provider {
  readonly name: string;
  /** Changes when the mapping does. Sealed with each attempt: a resend uses the version that first sent. */
  readonly connectorVersion: string;
  readonly unknown: UnknownOutcomeFacts;
  /**
   * `sale`: automatic capture is one call. `authorize_then_capture`: an authorization, then our own
   * capture operation, because the provider's void by reference covers only authorizations.
   */
  readonly automaticCapture: 'sale' | 'authorize_then_capture';
  /** Several captures of one authorization. */
  readonly multipleCaptures: boolean;
  /** How long an authorization can be captured where the provider does not say (unscaled milliseconds). */
  readonly authorizationLifetimeMs: number;
  /** Whether a settled webhook is evidence, or only a hint to ask. See DESIGN.md, one writer per aggregate. */
  readonly webhookIs: 'hint' | 'evidence';
  /** What an account consists of, for forms and checks; `connect` has the last word. */
  readonly account: AccountForm;
  /** Makes the adapter for one account. `account` holds parsed configuration and secrets. */
  connect(account: ProviderAccount): ProviderConnection;
  /** Pure: verifies the signature of a raw webhook and lists its events. */
  readonly webhook: WebhookVerifier;
}

/** Facts of reliability.md section 5: how an unknown outcome can be proven at this provider. */
export interface UnknownOutcomeFacts {
  /** Class A: the same key replays the first outcome, for `keyWindowMs` (unscaled). */
  readonly replaysByKey: boolean;
  /**
   * What the key replays. `successes` (class A′): whatever did not succeed is run again under the same key, so a
   * resend comes only after a look-up has answered `not found`, past the horizon. Absent: everything.
   */
  readonly replays?: 'everything' | 'successes';
  readonly keyWindowMs: number;
  /** Class B: `not found` from the look-up counts only after this horizon (unscaled milliseconds). */
  readonly visibilityHorizonMs: number;
}

/** What must be said of an account, part by part. The messages of these schemas are shown to whoever fills them in. */
export interface AccountForm {
  readonly baseUrl: ZodType;
  readonly settings: ZodObject;
  /** All secrets, the webhook's among them. */
  readonly secrets: ZodObject;
}

export interface ProviderAccount {
  readonly id: string;
  readonly baseUrl: string;
  /** Provider-specific public settings (for Adyen: the merchant account). Parsed by the adapter's config.ts. */
  readonly settings: Readonly<Record<string, string>>;
  /** Provider-specific secrets (API key, webhook secret). Parsed by the adapter's config.ts. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * The calls of one account. Each makes exactly one HTTP request, with the SDK's retries off, through
 * the connection given by `providers/transport` (total deadline, socket trace). Amounts are ISO 4217
 * minor units; the adapter converts to the provider's convention.
 */
export interface ProviderConnection {
  authorize(request: AuthorizeRequest): Promise<OperationOutcome>;
  capture(request: CaptureRequest): Promise<OperationOutcome>;
  void(request: VoidRequest): Promise<OperationOutcome>;
  refund?(request: RefundRequest): Promise<OperationOutcome>;
  /** Class B: what the provider knows of an operation, asked by our reference. Absent: it cannot be asked. */
  lookup?(request: LookupRequest): Promise<LookupResult>;
  /**
   * Something harmless that the provider answers only to the account's own secrets. Absent: `lookup` is asked about a
   * reference that nobody has used.
   */
  checkCredentials?(): Promise<CredentialsCheck>;
  /** Every refund of one authorization that the provider knows, ours or not. Absent: it can't be asked. */
  refundsOf?(request: { readonly providerReference: string }): Promise<RefundListing>;
  /**
   * Goes on after the payer acted, given what their browser brought back, where the provider waits for that.
   * `reference` is the authorization's; an answer about another payment is a mismatch. Absent: the provider
   * goes on by itself, and is asked.
   */
  completeAction?(request: CompleteActionRequest): Promise<OperationOutcome>;
  /** Class C: void by our own reference, when no provider reference is known. */
  voidByReference?(request: VoidByReferenceRequest): Promise<OperationOutcome>;
  /**
   * The files in which the provider says what it settled, oldest first, each read as it comes. Ends when there is
   * none (yet), and throws a ReportFault (reports.ts) for whatever keeps it from knowing. Absent: files are uploaded.
   */
  fetchSettlement?(request: SettlementRequest): AsyncIterable<SettlementReport>;
}

export interface CallContext {
  /** The operation's key: `Idempotency-Key` or the provider's equivalent, on every call that moves money. */
  readonly providerKey: string;
  /** Our reference for this effect: the attempt id for an authorization, the operation id otherwise. */
  readonly reference: string;
  /** A resend under the same key: every 4xx is then unknown, because the first send may have executed. */
  readonly resend: boolean;
}

export interface AuthorizeRequest extends CallContext {
  readonly amountMinor: number;
  readonly currency: string;
  /** `automatic` only where the provider's automaticCapture is `sale`. */
  readonly captureMethod: 'automatic' | 'manual';
  readonly multipleCaptures: boolean;
  readonly card: CardData;
  readonly description?: string;
  readonly statementDescriptor?: string;
  /** Where the payer's browser comes back to after a challenge: Interlock's own endpoint, while the payer is there. */
  readonly returnUrl?: string;
  /** What is asked about authentication. Absent: as the provider and the issuer want it. */
  readonly authentication?: AuthenticationRequest;
  readonly storedCredential?: StoredCredential;
}

export interface CompleteActionRequest extends CallContext {
  readonly amountMinor: number;
  readonly currency: string;
  /** The query that the payer's browser came back with. Anybody can have written it: it proves nothing. */
  readonly returned: Readonly<Record<string, string>>;
}

export interface SettlementRequest {
  /** The account's own day, `YYYY-MM-DD`, and the instants at which it begins and ends (epoch milliseconds). */
  readonly businessDate: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Names of the account's files that are held already, whatever their day. */
  readonly held: readonly string[];
  /** The same with their sizes, for sources whose names alone don't say that a file is whole. Absent: names must do. */
  readonly heldFiles?: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** The total deadline of each question; a file's content has one of its own. Milliseconds. */
  readonly deadlineMs: number;
  /** Ends everything: the activity was canceled, or its worker stops. */
  readonly signal?: AbortSignal;
}

export interface SettlementReport {
  /** The provider's own name of the file: the same file has the same name again. */
  readonly name: string;
  /** The layout's name in providers/settlement. */
  readonly format: string;
  /** Read once. Throws a ReportFault where it breaks off: a file that did not come to its end is no file. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** A card in the clear. Exists only inside a provider activity, between the vault and the adapter. */
export interface CardData {
  readonly number: string;
  readonly expMonth: number;
  readonly expYear: number;
  readonly cvc?: string;
  readonly holderName?: string;
}

export interface CaptureRequest extends CallContext {
  /** The authorization's reference at the provider. */
  readonly providerReference: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Release what remains after this capture. */
  readonly finalCapture: boolean;
}

export interface VoidRequest extends CallContext {
  readonly providerReference: string;
}

export interface VoidByReferenceRequest extends CallContext {
  /** The reference that the authorization was sent with. */
  readonly authorizationReference: string;
}

export interface RefundRequest extends CallContext {
  /** Why, in Stripe's words; a provider that takes none is told none. */
  readonly reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer';
  readonly providerReference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

export interface LookupRequest {
  readonly kind: 'authorize' | 'sale' | 'capture' | 'void' | 'refund';
  /** Our reference of the effect asked about. */
  readonly reference: string;
  readonly authorizationReference: string;
  /** The authorization's reference at the provider, where one is known (always for capture, void, refund). */
  readonly providerReference?: string;
  /** What must match: an answer with another amount or currency is `unknown`, not success. */
  readonly amountMinor: number;
  readonly currency: string;
}

export type LookupResult =
  | { readonly type: 'found'; readonly outcome: OperationOutcome }
  | { readonly type: 'not_found' }
  /** The question itself failed. Not an answer, and never counted as `not found`. */
  | { readonly type: 'failed'; readonly detail: string };

export type CredentialsCheck =
  | { readonly type: 'accepted' }
  /** `http_401` or `http_403` where the provider refused; anything else says nothing of the secrets. */
  | { readonly type: 'failed'; readonly detail: string };

export type RefundListing =
  | { readonly type: 'listed'; readonly refunds: readonly ListedRefund[] }
  | { readonly type: 'failed'; readonly detail: string };

export interface ListedRefund {
  readonly providerReference: string;
  /** The reference that it was made with, where it carries one; ours name one of our operations. */
  readonly reference?: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Whether the money has gone back: not while it is pending, and not once it has failed. */
  readonly made: boolean;
}

export interface WebhookVerifier {
  verify(input: WebhookInput): WebhookVerdict;
}

export interface WebhookInput {
  readonly rawBody: Uint8Array;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Epoch milliseconds, for the signature's tolerance. */
  readonly nowMs: number;
}

export type WebhookVerdict =
  | { readonly type: 'verified'; readonly events: readonly WebhookEvent[] }
  | { readonly type: 'refused'; readonly reason: 'malformed' | 'bad_signature' | 'stale' };

/** One event of a webhook, normalised. What it says about money is read later, inside an activity. */
export interface WebhookEvent {
  /** Unique per account (Adyen: pspReference + eventCode + success). Duplicates are dropped by it. */
  readonly providerEventId: string;
  readonly eventType: string;
  /** Our reference as the event carries it, or undefined where it carries none. */
  readonly reference?: string;
  readonly providerReference?: string;
  /**
   * What the event says: which operation it concerns and its outcome. Believed where the provider's
   * `webhookIs` is `evidence`. From one whose events are hints it only tells whether the event could be
   * news at all (an event that repeats what is recorded wakes nobody); the provider is asked then.
   * An event that says nothing of an outcome, such as `created`, says `pending`. Undefined: wake the payment.
   */
  readonly evidence?: WebhookEvidence;
  /** The event's own JSON without personal or card data, for the inbox and the timeline. */
  readonly summary: Readonly<Record<string, string | number | boolean | null>>;
}

export type WebhookEvidence = Evidence;
