import type { Logger } from 'pino';
import type { PaymentsDoor } from '../client/contract.ts';
import type {
  BacktestsDoor,
  CasesDoor,
  DeliveriesDoor,
  ExperimentsDoor,
  ReconciliationsDoor,
} from '../client/index.ts';
import type { Inbox, InboxEvent, ReturnBox } from '../db/inbox/index.ts';
import type {
  AlarmReader,
  CaseReader,
  CustomerReader,
  EventReader,
  FigureReader,
  LedgerReader,
  OperatorReader,
  PaymentMethodReader,
  PaymentReader,
  QueueReader,
  RefundReader,
  SettlementReader,
  TimelineReader,
} from '../db/read/index.ts';
import type {
  CustomerWriter,
  PaymentMethodWriter,
  RequestNoteWriter,
  RequestReader,
  SelectionKeeper,
} from '../db/requests/index.ts';
import type {
  BacktestRegister,
  DeliveryRegister,
  EndpointRegister,
  ExperimentRegister,
  MandateRegister,
  MerchantRegister,
  OperatorRegister,
  PolicyRegister,
  RoutingReader,
  SettingsReader,
} from '../db/settings/index.ts';
import type { TargetRules } from '../domain/events/target.ts';
import type { RequestMeter } from '../domain/meter.ts';
import type { AdminParts } from './admin/parts.ts';
import type { BodyTimes } from './body-time.ts';
import type { AccessParts } from './console/settings.ts';
import type { LimiterParts } from './rate-limits/limiter.ts';
import type { StoryParts } from './story/places.ts';
import type { ResolveHost } from './webhook-endpoints/resolve.ts';

/**
 * What the API is made of. The rooms that it may not import (vault, providers) come in as functions, put
 * together by main.ts; the interfaces here say what it needs of them and no more.
 */
export interface ApiDeps {
  readonly door: PaymentsDoor;
  readonly requests: RequestReader;
  readonly requestNotes: RequestNoteWriter;
  readonly payments: PaymentReader;
  readonly refunds: RefundReader;
  readonly timeline: TimelineReader;
  /** What operators ask about payments. */
  readonly stories: StoryParts;
  readonly paymentMethods: PaymentMethodReader & PaymentMethodWriter;
  readonly customers: CustomerReader & CustomerWriter;
  readonly mandates: MandateRegister;
  readonly merchants: MerchantRegister;
  readonly inbox: Inbox;
  readonly returns: ReturnBox;
  readonly settings: SettingsReader;
  readonly policies: PolicyRegister;
  readonly routing: RoutingReader;
  readonly backtests: BacktestRegister;
  readonly backtestDoor: BacktestsDoor;
  readonly experiments: ExperimentRegister;
  readonly experimentDoor: ExperimentsDoor;
  readonly operators: OperatorRegister;
  /** People who sign in at the console. */
  readonly access: AccessParts;
  readonly operatorViews: OperatorReader;
  /** Merchants, keys, provider accounts and their secrets, the audit log. */
  readonly administration: AdminParts;
  readonly queues: QueueReader;
  readonly exceptions: CaseReader;
  readonly alarms: AlarmReader;
  readonly figures: FigureReader;
  readonly ledger: LedgerReader;
  readonly cases: CasesDoor;
  readonly selections: SelectionKeeper;
  readonly settlements: SettlementReader;
  readonly settlementFiles: SettlementIntake;
  readonly reconciliations: Pick<ReconciliationsDoor, 'run'>;
  readonly events: EventReader;
  readonly endpoints: EndpointRegister;
  readonly deliveries: DeliveryRegister;
  readonly deliveryDoor: Pick<DeliveriesDoor, 'pokeEndpoint'>;
  readonly targets: TargetRules & { readonly resolve: ResolveHost };
  readonly vault: CardSealer & SecretSealer;
  readonly cards: CardFacts;
  readonly webhooks: WebhookSecurity;
  /** What readiness depends on, by name; each check rejects when its part cannot be reached. */
  readonly readiness: Readonly<Record<string, () => Promise<unknown>>>;
  /** Whether an error only says that a part is away for a while. */
  isUnavailable(error: unknown): boolean;
  /** Whether an error only says that a question was ended because it took too long. */
  isTooLong(error: unknown): boolean;
  /** Aborted when the process is told to stop: what would go on for ever has to end then. */
  readonly stopping: AbortSignal;
  readonly logger: Logger;
  /** Absent: nothing is counted. */
  readonly meter?: RequestMeter;
  /** Where the console's built files are; absent: it isn't served. */
  readonly consoleDir?: string;
  /** Absent: nobody is limited. */
  readonly rateLimits?: LimiterParts;
  /** Absent: the usual ones. */
  readonly bodyTimes?: BodyTimes;
  readonly limits: {
    /** How long an answer may wait for an outcome where the caller states no preference. */
    readonly apiWaitMs: number;
    /** How long after its confirmation a payment may first be sent to a provider. */
    readonly completeByMs: number;
    /** How long a payment that was made without confirmation waits for it before it is canceled. */
    readonly confirmWithinMs: number;
  };
}

/** Taking settlement files in: what can be read, how a file must begin, and where it is kept. */
export interface SettlementIntake {
  readonly formats: readonly string[];
  /** So much of a file is looked at before it is taken in. */
  readonly headBytes: number;
  problemOfHead(
    format: string,
    head: Uint8Array,
    isWhole: boolean,
  ): Promise<
    | { readonly code: string; readonly message: string; readonly line?: number; readonly column?: string }
    | undefined
  >;
  receive(
    arrival: {
      readonly accountId: string;
      readonly businessDate: string;
      readonly format: string;
      readonly source: 'uploaded';
      readonly name: string;
    },
    content: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly type: 'received' | 'duplicate'; readonly file: StoredSettlementFile }>;
}

export type StoredSettlementFile = NonNullable<Awaited<ReturnType<SettlementReader['file']>>>;

export interface CardSealer {
  sealCard(card: CardInput, paymentMethodId: string): Uint8Array<ArrayBuffer>;
  sealCvc(cvc: string, paymentMethodId: string, expiresAtMs: number): Uint8Array<ArrayBuffer>;
  fingerprint(number: string, merchantId: string): string;
  /** HMAC-SHA-256 in base64url: for bodies and bearer keys, which must compare and never be read back. */
  keyedDigest(text: string): string;
  readonly cvcLifetimeMs: number;
}

/** Of webhook endpoints, bound to their ids. */
export interface SecretSealer {
  sealSecret(secrets: SigningSecrets, endpointId: string): Uint8Array<ArrayBuffer>;
  openSecret(sealed: Uint8Array, endpointId: string): SigningSecrets;
}

export interface SigningSecrets {
  readonly current: string;
  readonly previous?: string;
  readonly previousUntilMs?: number;
}

export interface CardInput {
  readonly number: string;
  readonly expMonth: number;
  readonly expYear: number;
  readonly holderName?: string;
}

export interface CardFacts {
  problemOf(number: string): string | undefined;
  brandOf(number: string): string | undefined;
  last4(number: string): string;
  bin(number: string): string;
  isLuhnValid(number: string): boolean;
}

export interface WebhookSecurity {
  /** Whether the provider's events are only hints, which may wait a moment. */
  isHint(provider: string): boolean;
  verifierOf(provider: string): WebhookVerifier | undefined;
  /** Undefined: no secrets are configured for the account, so nothing it sends can be verified. */
  secretsOf(accountId: string): Readonly<Record<string, string>> | undefined;
  /** Looks for secrets that were set a moment ago, at another process. */
  refreshSecrets(): Promise<void>;
}

export interface WebhookVerifier {
  verify(input: {
    readonly rawBody: Uint8Array;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly secrets: Readonly<Record<string, string>>;
    readonly nowMs: number;
  }):
    | { readonly type: 'verified'; readonly events: readonly InboxEvent[] }
    | { readonly type: 'refused'; readonly reason: 'malformed' | 'bad_signature' | 'stale' };
}
