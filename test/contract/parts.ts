// What the parts of the kit share: the subject under test, and the short sentences that tests are made of.
import type {
  AuthenticationFacts,
  AuthenticationRequest,
  Exemption,
} from '../../domain/authentication/authentication.ts';
import type { DeclineReason } from '../../domain/payment/outcome.ts';
import type { AuthorizeRequest, CardData, LookupRequest } from '../../providers/provider.ts';
import {
  type Performed,
  type PerformOptions,
  perform,
  type Rig,
  referenceFrom,
  settled,
  TestPayment,
} from './rig.ts';

export interface ContractSubject {
  readonly name: string;
  start(): Promise<Rig>;
  readonly approved: CardData;
  readonly challenged: CardData;
  /** A payment that an exemption spares the challenge: asked for, or claimed by the provider itself. */
  readonly exempted: {
    readonly card: CardData;
    readonly request?: AuthenticationRequest;
    readonly exemption: Exemption;
  };
  /** What a provider keeps to itself of an authentication that failed. */
  readonly untold?: readonly (keyof AuthenticationFacts)[];
  readonly declines: readonly {
    readonly card: CardData;
    readonly reason: DeclineReason;
    readonly code: string;
  }[];
  /** Amounts in ISO minor units that this provider can move, in currencies with a convention of their own. */
  readonly amounts: readonly { readonly amountMinor: number; readonly currency: string }[];
  /** Amounts that it cannot move exactly. */
  readonly impossible: readonly { readonly amountMinor: number; readonly currency: string }[];
}

export interface Kit {
  readonly subject: ContractSubject;
  readonly rig: () => Rig;
}

export async function authorize(
  rig: Rig,
  request: AuthorizeRequest,
  options?: PerformOptions,
): Promise<Performed> {
  return await perform(rig, (connection) => connection.authorize(request), options);
}

export function question(
  payment: TestPayment,
  request: AuthorizeRequest,
  change: Partial<LookupRequest> = {},
): LookupRequest {
  const { amountMinor, currency, reference } = request;
  return {
    kind: 'authorize',
    reference,
    authorizationReference: payment.reference,
    amountMinor,
    currency,
    ...change,
  };
}

/** An authorized payment, with the reference to go on with. */
export async function authorized(kit: Kit, change: Partial<AuthorizeRequest> = {}) {
  const payment = new TestPayment();
  const request = payment.authorization(kit.subject.approved, change);
  const { outcome } = await authorize(kit.rig(), request);
  return { payment, request, outcome, providerReference: referenceFrom(outcome) };
}

export async function capture(
  rig: Rig,
  made: Awaited<ReturnType<typeof authorized>>,
  amountMinor: number,
  finalCapture = true,
) {
  const { payment, request, providerReference } = made;
  const { currency } = request;
  const operation = payment.operation('capture');
  const { outcome } = await perform(rig, (connection) =>
    connection.capture({ ...operation, providerReference, amountMinor, currency, finalCapture }),
  );
  const asked = question(payment, request, {
    kind: 'capture',
    reference: operation.reference,
    providerReference,
    amountMinor,
  });
  return await settled(rig, outcome, asked);
}
