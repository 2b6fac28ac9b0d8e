import { loadSendFacts, type SendFacts } from '../../db/sends.ts';
import { assert } from '../../domain/machine.ts';
import type { AuthorizeRequest } from '../../providers/provider.ts';
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
    const parameters = authorizeParameters(deps, facts);
    return sendFirst(deps, {
      facts,
      generation: order.generation,
      parameters,
      effect: (connection, resend) => connection.authorize({ ...parameters, resend }),
    });
  };
}

/** The request as it is sealed: all that the provider will be told, and what a resend repeats. */
export type AuthorizeParameters = Omit<AuthorizeRequest, 'resend'>;

function authorizeParameters(deps: Dependencies, facts: SendFacts): AuthorizeParameters {
  const { paymentMethod } = facts;
  assert(paymentMethod !== undefined, `operation ${facts.operationId} has no payment method`);
  const card = deps.vault.openCard(paymentMethod.sealedCard, paymentMethod.id);
  const cvc =
    paymentMethod.sealedCvc === undefined
      ? undefined
      : deps.vault.openCvc(paymentMethod.sealedCvc, paymentMethod.id, Date.now());
  const provider = deps.providers.named(facts.account.provider);
  return {
    providerKey: facts.providerKey,
    reference: facts.attemptId,
    amountMinor: facts.amountMinor,
    currency: facts.currency,
    captureMethod: facts.kind === 'sale' ? 'automatic' : 'manual',
    multipleCaptures: facts.captureMethod === 'manual' && provider.multipleCaptures,
    card: { ...card, ...(cvc === undefined ? {} : { cvc }) },
    ...(facts.description === undefined ? {} : { description: facts.description }),
    ...(facts.returnUrl === undefined ? {} : { returnUrl: facts.returnUrl }),
  };
}
