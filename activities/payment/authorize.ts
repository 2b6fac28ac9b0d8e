import { loadReturned } from '../../db/challenges.ts';
import { loadSendFacts, type SendFacts } from '../../db/sends.ts';
import { returnPath, returnToken } from '../../domain/ids.ts';
import { assert } from '../../domain/machine.ts';
import { letterOfCompletion } from '../../domain/payment/causes.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type {
  AuthorizeRequest,
  CompleteActionRequest,
  ProviderConnection,
} from '../../providers/provider.ts';
import { eventOnSpan } from '../../telemetry/span.ts';
import type { Dependencies } from '../dependencies.ts';
import { type SendResult, sendFirst } from '../send.ts';

export interface SendOrder {
  readonly operationId: string;
  readonly generation: number;
}

/**
 * One authorization or sale at one provider: opens the vault, claims the permit, makes one call with one
 * key. The card is in the clear from here to the adapter's return, in this process's memory only.
 */
export function createAuthorize(deps: Dependencies) {
  return async function authorize(order: SendOrder): Promise<SendResult> {
    const facts = await loadSendFacts(deps.db, order.operationId);
    const letterId = letterOfCompletion(facts.cause);
    if (letterId !== undefined) return complete(deps, facts, letterId, order.generation);
    const parameters = authorizeParameters(deps, facts);
    return sendFirst(deps, {
      facts,
      generation: order.generation,
      parameters,
      effect: (connection, resend) => connection.authorize({ ...parameters, resend }),
    });
  };
}

/** The request that completes a challenge, as it is sealed. */
export type CompletionParameters = Omit<CompleteActionRequest, 'resend'>;

/** Goes on with an authorization whose payer came back, where the provider waits to be given what they brought. */
async function complete(
  deps: Dependencies,
  facts: SendFacts,
  letterId: string,
  generation: number,
): Promise<SendResult> {
  const returned = await loadReturned(deps.db, letterId);
  assert(returned !== undefined, `the return ${letterId} of ${facts.operationId} has no letter`);
  const { providerKey, attemptId: reference, amountMinor, currency } = facts;
  const parameters: CompletionParameters = { providerKey, reference, amountMinor, currency, returned };
  return sendFirst(deps, {
    facts,
    generation,
    parameters,
    effect: (connection, resend) => completeWith(connection, { ...parameters, resend }),
  });
}

export function completeWith(
  connection: ProviderConnection,
  request: CompleteActionRequest,
): Promise<OperationOutcome> {
  assert(connection.completeAction !== undefined, 'only a provider that completes returns is given them');
  return connection.completeAction(request);
}

/**
 * Where the payer's browser comes back to: our own endpoint, which knows the attempt. A payment whose payer is not
 * there has no browser, and one from before challenges were known goes where the merchant said.
 */
function returnUrlOf(deps: Dependencies, facts: SendFacts): string | undefined {
  const { publicUrl } = deps.settings;
  if (facts.authentication === undefined || publicUrl === undefined) return facts.returnUrl;
  if (facts.authentication.offSession) return undefined;
  const token = returnToken(facts.attemptId, deps.vault.keyedDigest);
  return `${publicUrl}${returnPath(facts.paymentId, facts.attemptNumber, token)}`;
}

/** The request as it is sealed: all that the provider will be told, and what a resend repeats. */
export type AuthorizeParameters = Omit<AuthorizeRequest, 'resend'>;

function authorizeParameters(deps: Dependencies, facts: SendFacts): AuthorizeParameters {
  const { paymentMethod } = facts;
  assert(paymentMethod !== undefined, `operation ${facts.operationId} has no payment method`);
  const card = deps.vault.openCard(paymentMethod.sealedCard, paymentMethod.id);
  eventOnSpan('vault.opened');
  const cvc =
    paymentMethod.sealedCvc === undefined
      ? undefined
      : deps.vault.openCvc(paymentMethod.sealedCvc, paymentMethod.id, Date.now());
  const provider = deps.providers.named(facts.account.provider, facts.connectorVersion);
  const returnUrl = returnUrlOf(deps, facts);
  return {
    providerKey: facts.providerKey,
    reference: facts.attemptId,
    amountMinor: facts.amountMinor,
    currency: facts.currency,
    captureMethod: facts.kind === 'sale' ? 'automatic' : 'manual',
    multipleCaptures: facts.captureMethod === 'manual' && provider.multipleCaptures,
    card: { ...card, ...(cvc === undefined ? {} : { cvc }) },
    ...(facts.description === undefined ? {} : { description: facts.description }),
    ...(returnUrl === undefined ? {} : { returnUrl }),
    ...(facts.authentication === undefined ? {} : { authentication: facts.authentication.asked }),
    ...(facts.storedCredential === undefined ? {} : { storedCredential: facts.storedCredential }),
  };
}
