import { loadSendFacts, type SendFacts } from '../../db/sends.ts';
import { assert } from '../../domain/machine.ts';
import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { ProviderConnection } from '../../providers/provider.ts';
import type { Dependencies } from '../dependencies.ts';
import { type SendResult, sendFirst } from '../send.ts';
import type { SendOrder } from './authorize.ts';

/**
 * Captures, voids and refunds: one call with one key on an authorization that exists. Their requests hold
 * no card data and follow from the operation's row, which never changes, so a resend rebuilds them.
 */
export function createCapture(deps: Dependencies) {
  return async function capture(order: SendOrder): Promise<SendResult> {
    return sendModification(deps, order);
  };
}

export function createVoid(deps: Dependencies) {
  return async function voidAuthorization(order: SendOrder): Promise<SendResult> {
    return sendModification(deps, order);
  };
}

export function createRefund(deps: Dependencies) {
  return async function refund(order: SendOrder): Promise<SendResult> {
    return sendModification(deps, order);
  };
}

async function sendModification(deps: Dependencies, order: SendOrder): Promise<SendResult> {
  const facts = await loadSendFacts(deps.db, order.operationId);
  return sendFirst(deps, {
    facts,
    generation: order.generation,
    parameters: modificationParameters(facts),
    effect: (connection, resend) => modify(connection, facts, resend),
  });
}

function modificationParameters(facts: SendFacts) {
  return {
    kind: facts.kind,
    providerKey: facts.providerKey,
    reference: facts.operationId,
    providerReference: facts.providerReference ?? null,
    amountMinor: facts.amountMinor,
    currency: facts.currency,
    finalCapture: facts.finalCapture,
  };
}

export function modify(
  connection: ProviderConnection,
  facts: SendFacts,
  resend: boolean,
): Promise<OperationOutcome> {
  const {
    providerKey,
    operationId: reference,
    providerReference,
    amountMinor,
    currency,
    finalCapture,
  } = facts;
  const context = { providerKey, reference, resend };
  if (facts.kind === 'void' && providerReference === undefined) {
    assert(
      connection.voidByReference !== undefined,
      `${facts.account.provider} voids by its own reference only`,
    );
    return connection.voidByReference({ ...context, authorizationReference: facts.attemptId });
  }
  assert(
    providerReference !== undefined,
    `operation ${reference} has no authorization at ${facts.account.provider}`,
  );
  switch (facts.kind) {
    case 'capture':
      return connection.capture({ ...context, providerReference, amountMinor, currency, finalCapture });
    case 'void':
      return connection.void({ ...context, providerReference });
    case 'refund':
      assert(connection.refund !== undefined, `${facts.account.provider} cannot refund`);
      return connection.refund({
        ...context,
        providerReference,
        amountMinor,
        currency,
        ...(facts.refundReason === undefined ? {} : { reason: facts.refundReason }),
      });
    default:
      throw new Error(`${facts.kind} is no modification`);
  }
}
