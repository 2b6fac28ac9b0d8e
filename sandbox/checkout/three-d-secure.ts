// 3DS as Checkout.com takes and shows it: the `3ds` object of requests, answers and events. A payment that goes through
// 3DS is always sent to Checkout.com's page first, which also passes those through that need no challenge.
import { firstAnswer, NOT_ENROLLED } from '../acs/cards.ts';
import type { Authentication, TransStatus } from '../acs/emv.ts';
import { issuerOf } from './cards.ts';
import { invalid } from './errors.ts';
import type { PaymentRow } from './objects.ts';
import { type Json, object, string } from './request.ts';

const INDICATORS = [
  'no_preference',
  'no_challenge_requested',
  'challenge_requested',
  'challenge_requested_mandate',
];
const EXEMPTIONS = [
  ...['low_value', 'secure_corporate_payment', 'trusted_listing', 'transaction_risk_assessment'],
  ...['recurring_operation', '3ds_outage', 'sca_delegation', 'out_of_sca_scope', 'low_risk_program', 'other'],
];

/** How a payment will be authenticated: known from the start, because the card decides it. */
export interface ThreeDsPlan {
  /** The issuer's first answer; null where 3DS isn't tried. */
  ares: TransStatus | null;
  /** Nobody asked for it, and Checkout.com's own rules did. */
  upgraded: boolean;
  exemption: string | null;
  /** Refused without authentication. */
  softDeclined: boolean;
  /** 3DS was asked for, of a card that can't. */
  unsupported: boolean;
}

const NONE: ThreeDsPlan = {
  ares: null,
  upgraded: false,
  exemption: null,
  softDeclined: false,
  unsupported: false,
};

export function planThreeDs(body: Json, number: string): ThreeDsPlan {
  const issuer = issuerOf(number) ?? NOT_ENROLLED;
  const asked = object(body['3ds']);
  const indicator = string(asked?.challenge_indicator) ?? 'no_preference';
  if (!INDICATORS.includes(indicator)) throw invalid('challenge_indicator_invalid');
  const exemption = string(asked?.exemption) ?? null;
  if (exemption !== null && !EXEMPTIONS.includes(exemption)) throw invalid('exemption_invalid');
  if (body.merchant_initiated === true) {
    // Nobody can be challenged. The issuer accepts it for a card whose first payment is named.
    const strict = issuer.softDecline === true || (issuer.threeDs === 'always' && issuer.ares === 'C');
    return { ...NONE, softDeclined: strict && string(body.previous_payment_id) === undefined };
  }
  const enabled = asked?.enabled === true;
  const how = !enabled ? 'automatic' : indicator.startsWith('challenge') ? 'challenge' : 'any';
  const ares = firstAnswer({ issuer, asked: how });
  if (ares !== undefined) return { ...NONE, ares, upgraded: !enabled };
  if (enabled) return { ...NONE, unsupported: asked?.attempt_n3d !== true };
  const granted = exemption ?? (issuer.lowRisk === true ? 'transaction_risk_assessment' : null);
  return { ...NONE, exemption: granted, softDeclined: issuer.softDecline === true };
}

/** The `3ds` object of answers; undefined where there is nothing to say. */
export function shownThreeDs({ threeDs, authentication, challenge }: PaymentRow): Json | undefined {
  if (authentication !== null) return shownResult(authentication, threeDs);
  const upgrade = threeDs.upgraded ? { upgrade_reason: 'sca_retry' } : {};
  if (challenge !== null) return { downgraded: false, enrolled: 'Y', ...upgrade };
  if (threeDs.unsupported) return { downgraded: false, enrolled: 'N' };
  if (threeDs.exemption === null) return undefined;
  return {
    downgraded: false,
    enrolled: 'U',
    exemption: threeDs.exemption,
    exemption_applied: threeDs.exemption,
  };
}

function shownResult(result: Authentication, { upgraded }: ThreeDsPlan): Json {
  const { transStatus, transStatusReason, flow, version, dsTransactionId, liabilityShift } = result;
  return {
    downgraded: false,
    enrolled: 'Y',
    authentication_response: transStatus,
    ...(transStatusReason === undefined ? {} : { authentication_status_reason: transStatusReason }),
    ...(liabilityShift ? { cryptogram: 'QURZRU4gM0RTMiBURVNUIENBVlY=' } : {}),
    xid: dsTransactionId,
    version,
    exemption: 'none',
    challenged: flow === 'challenge',
    ...(upgraded ? { upgrade_reason: 'sca_retry' } : {}),
  };
}

/** What the journal keeps of it. */
export function journalled({ authentication, threeDs }: PaymentRow): Partial<Authentication> | undefined {
  if (authentication !== null) return authentication;
  return threeDs.exemption === null ? undefined : { exemption: threeDs.exemption };
}
