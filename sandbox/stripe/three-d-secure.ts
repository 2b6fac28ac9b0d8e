// 3DS as Stripe shows it. It has words of its own for what came of it: neither transStatus nor its reason is on
// the wire (components.schemas.three_d_secure_details_charge of its OpenAPI document).
import type { Authentication } from '../acs/emv.ts';
import { invalid } from './errors.ts';
import { child, type Form, text } from './form.ts';
import type { IntentRow } from './objects.ts';

const RESULTS = {
  Y: 'authenticated',
  A: 'attempt_acknowledged',
  N: 'failed',
  R: 'failed',
  U: 'processing_error',
  C: 'processing_error',
  I: 'exempted',
} as const;

/** Which reason goes with which end is from memory of the documentation: the document lists the words only. */
function reasonOf({ transStatus, transStatusReason, challengeCancel }: Authentication): string | null {
  if (transStatus === 'R') return 'rejected';
  if (transStatus === 'U') return 'protocol_error';
  if (transStatus !== 'N') return null;
  if (challengeCancel === '01') return 'canceled';
  return transStatusReason === '14' ? 'abandoned' : null;
}

/** `payment_method_details.card.three_d_secure` of a charge. */
export function threeDSecure(authentication: Authentication): Record<string, unknown> {
  const { flow, transStatus, eci, dsTransactionId, version, exemption } = authentication;
  return {
    authentication_flow: flow,
    // The document knows no 00, Mastercard's word for none.
    electronic_commerce_indicator: eci === '00' ? null : eci,
    exemption_indicator: exemption === undefined ? null : 'low_risk',
    ...(exemption === undefined ? {} : { exemption_indicator_applied: true }),
    result: RESULTS[transStatus],
    result_reason: reasonOf(authentication),
    transaction_id: dsTransactionId,
    version,
  };
}

const OPTIONS = 'payment_method_options[card]';
const ASKED = ['automatic', 'any', 'challenge'] as const;

/**
 * What a request says of 3DS. `mit_exemption` is not in the public document: Stripe enables it by account, for
 * cards that were saved elsewhere.
 */
export function threeDsIn(form: Form): IntentRow['threeDs'] {
  const card = child(child(form, 'payment_method_options'), 'card');
  const given = text(card, 'request_three_d_secure') ?? 'automatic';
  const asked = ASKED.find((word) => word === given);
  const param = `${OPTIONS}[request_three_d_secure]`;
  if (asked === undefined) throw invalid(`Invalid ${param}: must be one of ${ASKED.join(', ')}`, param);
  const setUpBy = text(child(card, 'mit_exemption'), 'network_transaction_id') ?? null;
  if (setUpBy !== null && !/^[A-Za-z0-9]{9,40}$/.test(setUpBy)) {
    throw invalid('Invalid network transaction ID.', `${OPTIONS}[mit_exemption][network_transaction_id]`);
  }
  if (setUpBy !== null && [undefined, 'false'].includes(text(form, 'off_session'))) {
    const message = '`mit_exemption` is only allowed with `off_session`.';
    throw invalid(message, `${OPTIONS}[mit_exemption]`);
  }
  return { asked, setUpBy };
}

/** The intent repeats what was asked for. */
export function showAsked({ intent, threeDs }: IntentRow): void {
  const options = intent.payment_method_options as { card: Record<string, unknown> };
  options.card.request_three_d_secure = threeDs.asked;
}
