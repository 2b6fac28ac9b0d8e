import type { OperationOutcome } from '../../domain/payment/outcome.ts';
import type { Charge, LookupAnswer, Request } from './charge.ts';
import type { Provider } from './provider.ts';

/** What a provider that can be asked answers: at once by its own reference, after a lag by ours. */
export function lookUp(provider: Provider, request: Request, byReferenceOnly: boolean): LookupAnswer {
  const charge = provider.charges.get(request.attemptId);
  const { currency } = provider.world;
  if (request.kind === 'authorize' || request.kind === 'sale') {
    if (charge === undefined) return { type: 'not_found' };
    const visible = charge.createdAtMs <= provider.nowMs - provider.profile.indexLagMs;
    if (byReferenceOnly && !visible) return { type: 'not_found' };
    return { type: 'found', outcome: standing(charge, currency) };
  }
  if (charge === undefined || byReferenceOnly) return { type: 'failed' };
  if (request.kind === 'void') {
    const gone = charge.state === 'canceled' || charge.state === 'expired';
    const { providerReference } = charge;
    return gone ? { type: 'found', outcome: { type: 'voided', providerReference } } : { type: 'not_found' };
  }
  return request.kind === 'capture'
    ? captureStanding(charge, request, currency)
    : refundStanding(charge, request);
}

function standing(charge: Charge, currency: string): OperationOutcome {
  const { providerReference, amountMinor, capturedMinor } = charge;
  switch (charge.state) {
    case 'authorized':
      return { type: 'authorized', providerReference, amountMinor, currency };
    case 'captured':
      return { type: 'captured', providerReference, amountMinor: capturedMinor, currency };
    case 'declined': {
      const decline = { reason: 'generic_decline', providerCode: 'generic', message: 'declined' } as const;
      return { type: 'declined', decline, providerReference };
    }
    case 'challenge':
      return { type: 'requires_action', providerReference, action: 'redirect' };
    case 'pending':
      return { type: 'pending', providerReference };
    case 'canceled':
    case 'expired':
      return { type: 'voided', providerReference };
  }
}

/** A capture leaves its mark on the authorization; one of another operation proves nothing of this one. */
function captureStanding(charge: Charge, request: Request, currency: string): LookupAnswer {
  const effect = charge.captures.get(request.operationId);
  if (effect === undefined || effect.state === 'refused') {
    return charge.state === 'captured'
      ? { type: 'found', outcome: { type: 'unknown', cause: 'mismatch' } }
      : { type: 'not_found' };
  }
  const { providerReference } = charge;
  if (effect.state === 'pending') return { type: 'found', outcome: { type: 'pending', providerReference } };
  const { amountMinor } = request;
  return { type: 'found', outcome: { type: 'captured', providerReference, amountMinor, currency } };
}

function refundStanding(charge: Charge, request: Request): LookupAnswer {
  const effect = charge.refunds.get(request.operationId);
  if (effect === undefined) return { type: 'not_found' };
  const { providerReference, state } = effect;
  switch (state) {
    case 'pending':
      return { type: 'found', outcome: { type: 'pending', providerReference } };
    case 'done':
      return {
        type: 'found',
        outcome: { type: 'refunded', providerReference, amountMinor: request.amountMinor },
      };
    case 'refused':
    case 'undone':
      return { type: 'found', outcome: refundFailed(providerReference) };
  }
}

export function refundFailed(providerReference: string): OperationOutcome {
  const decline = {
    reason: 'processing_error',
    providerCode: 'REFUND_FAILED',
    message: 'taken back',
  } as const;
  return { type: 'declined', decline, providerReference };
}
