import { revokePermit } from '../../db/permits.ts';
import { loadAttemptAccount, loadSendFacts, observe, type SendFacts } from '../../db/sends.ts';
import { paymentIdOfReference } from '../../domain/ids.ts';
import { letterOfCompletion } from '../../domain/payment/causes.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { LookupRequest, LookupResult, ProviderConnection } from '../../providers/provider.ts';
import { openCall, type ProviderCall } from '../../providers/transport/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { type SendResult, sendAgain } from '../send.ts';
import { callProvider } from '../tracing.ts';
import {
  type AuthorizeParameters,
  type CompletionParameters,
  completeWith,
  type SendOrder,
} from './authorize.ts';
import { modify } from './modify.ts';

export type InquiryAnswer =
  | { readonly type: 'outcome'; readonly outcome: OperationOutcome }
  | { readonly type: 'not_found'; readonly lastSentAtMs: number }
  | { readonly type: 'nothing_learned'; readonly lastSentAtMs: number };

export interface InquiryOrder extends SendOrder {
  /** False where the provider can only be asked by resending: then only the permit is looked at. */
  readonly lookup: boolean;
}

/**
 * Asks what became of an operation. First the database: a permit that was never claimed is revoked, which
 * proves that nothing was sent. Then the provider, by our reference.
 */
export function createInquire(deps: Dependencies) {
  return async function inquire(order: InquiryOrder): Promise<InquiryAnswer> {
    const facts = await loadSendFacts(deps.db, order.operationId);
    const { lastSentAtMs } = facts;
    if (lastSentAtMs === undefined) {
      const permit = await revokePermit(deps.db, order.operationId);
      if (permit === 'revoked')
        return { type: 'outcome', outcome: { type: 'not_attempted', proof: 'permit_revoked' } };
      return { type: 'nothing_learned', lastSentAtMs: Date.now() };
    }
    const connection = deps.providers.connection(facts.account);
    if (!order.lookup || connection.lookup === undefined) return { type: 'nothing_learned', lastSentAtMs };
    const answer = await lookup(deps, facts);
    if (answer.type === 'found') {
      await observe(deps.db, facts, {
        source: 'inquiry',
        generation: order.generation,
        outcome: answer.outcome,
      });
      return { type: 'outcome', outcome: answer.outcome };
    }
    return { type: answer.type === 'not_found' ? 'not_found' : 'nothing_learned', lastSentAtMs };
  };
}

export interface RefundsInquiry {
  readonly attemptId: string;
  readonly generation: number;
}

/** Refunds that the provider made of an attempt and that carry no reference of ours. */
export type ForeignRefunds =
  | { readonly type: 'listed'; readonly refunds: readonly ForeignRefund[] }
  | { readonly type: 'nothing_learned' };

interface ForeignRefund {
  readonly providerReference: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** Asks for every refund of an attempt, because more was refunded than we know of. */
export function createInquireRefunds(deps: Dependencies) {
  return async function inquireRefunds({ attemptId }: RefundsInquiry): Promise<ForeignRefunds> {
    const attempt = await loadAttemptAccount(deps.db, attemptId);
    const connection = deps.providers.connection(attempt.account);
    const { providerReference } = attempt;
    if (connection.refundsOf === undefined || providerReference === undefined)
      return { type: 'nothing_learned' };
    const call = openCall({ totalDeadlineMs: deps.settings.providerDeadlineMs, needsPermit: false });
    try {
      const listing = await callProvider(
        call,
        { account: attempt.account, operation: 'list_refunds' },
        async () =>
          (await connection.refundsOf?.({ providerReference })) ?? { type: 'failed' as const, detail: '' },
      );
      if (listing.type === 'failed') return { type: 'nothing_learned' };
      const foreign = listing.refunds.filter(
        ({ made, reference = '' }) => made && paymentIdOfReference(reference) !== attempt.paymentId,
      );
      return {
        type: 'listed',
        refunds: foreign.map(({ providerReference: id, amountMinor, currency }) => ({
          providerReference: id,
          amountMinor,
          currency,
        })),
      };
    } finally {
      call.close();
    }
  };
}

/** One question, by our reference: an attempt's for what charges, an operation's own for everything else. */
export async function lookup(deps: Dependencies, facts: SendFacts): Promise<LookupResult> {
  const connection = deps.providers.connection(facts.account);
  const { account } = facts;
  const charging = facts.kind === 'authorize' || facts.kind === 'sale';
  const providerReference = facts.providerReference;
  const request: LookupRequest = {
    kind: facts.kind,
    reference: charging ? facts.attemptId : facts.operationId,
    authorizationReference: facts.attemptId,
    amountMinor: facts.amountMinor,
    currency: facts.currency,
    ...(providerReference === undefined ? {} : { providerReference }),
  };
  return putQuestion(deps, connection, request, (call, question) =>
    callProvider(call, { account, operation: 'lookup' }, question),
  );
}

/** One look-up under its total deadline; a provider that cannot be asked has failed to answer. */
export async function putQuestion(
  { settings }: Dependencies,
  connection: ProviderConnection,
  request: LookupRequest,
  run = (call: ProviderCall, question: () => Promise<LookupResult>) => call.run(question),
): Promise<LookupResult> {
  const call = openCall({ totalDeadlineMs: settings.providerDeadlineMs, needsPermit: false });
  try {
    return await run(
      call,
      async () => (await connection.lookup?.(request)) ?? { type: 'failed', detail: 'no look-up' },
    );
  } finally {
    call.close();
  }
}

/** Sends the very same request under the same key. What cannot be repeated exactly is not repeated. */
export function createResend(deps: Dependencies) {
  return async function resend(order: SendOrder): Promise<SendResult> {
    const facts = await loadSendFacts(deps.db, order.operationId);
    const provider = deps.providers.named(facts.account.provider, facts.connectorVersion);
    if (facts.closed || provider.connectorVersion !== facts.connectorVersion)
      return { type: 'not_permitted' };
    if (facts.kind !== 'authorize' && facts.kind !== 'sale') {
      return sendAgain(deps, {
        facts,
        generation: order.generation,
        effect: (connection, again) => modify(connection, facts, again),
      });
    }
    if (facts.sealedParameters === undefined) return { type: 'not_permitted' };
    const opened = deps.vault.openParameters(facts.sealedParameters, facts.operationId, Date.now());
    if (opened === undefined) return { type: 'not_permitted' };
    // Sealed by `authorize` in this very shape; the envelope's authentication vouches for it.
    if (letterOfCompletion(facts.cause) !== undefined) {
      const completion = opened as CompletionParameters;
      return sendAgain(deps, {
        facts,
        generation: order.generation,
        effect: (connection, again) => completeWith(connection, { ...completion, resend: again }),
      });
    }
    const parameters = opened as AuthorizeParameters;
    return sendAgain(deps, {
      facts,
      generation: order.generation,
      effect: (connection, again) => connection.authorize({ ...parameters, resend: again }),
    });
  };
}
