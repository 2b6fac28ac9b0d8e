/**
 * Most Stripe test accounts may not send card numbers, only Stripe's ready-made payment methods. With the
 * setting `cards: test_tokens` (and a test key, see config.ts) the published test numbers of
 * docs.stripe.com/testing are sent as those, so that any test key can run the real test API.
 */
const TOKENS: ReadonlyMap<string, string> = new Map([
  ['4242424242424242', 'pm_card_visa'],
  ['5555555555554444', 'pm_card_mastercard'],
  ['378282246310005', 'pm_card_amex'],
  ['4000000000000002', 'pm_card_visa_chargeDeclined'],
  ['4000000000009995', 'pm_card_visa_chargeDeclinedInsufficientFunds'],
  ['4000000000009987', 'pm_card_visa_chargeDeclinedLostCard'],
  ['4000000000009979', 'pm_card_visa_chargeDeclinedStolenCard'],
  ['4000000000000069', 'pm_card_chargeDeclinedExpiredCard'],
  ['4000000000000127', 'pm_card_chargeDeclinedIncorrectCvc'],
  ['4000000000000119', 'pm_card_chargeDeclinedProcessingError'],
  ['4000000000006975', 'pm_card_visa_chargeDeclinedVelocityLimitExceeded'],
  ['4100000000000019', 'pm_card_radarBlock'],
  ['4000002760003184', 'pm_card_authenticationRequired'],
  ['4000002500003155', 'pm_card_authenticationRequiredOnSetup'],
  ['4000008260003178', 'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds'],
  ['4000008400001629', 'pm_card_threeDSecureRequiredChargeDeclined'],
  ['4000000000003220', 'pm_card_threeDSecure2Required'],
  ['4000000000000259', 'pm_card_createDispute'],
  ['4000000000007726', 'pm_card_pendingRefund'],
  ['4000000000005126', 'pm_card_refundFail'],
]);

/** Undefined for a number that is not one of the published ones. */
export function testPaymentMethod(number: string): string | undefined {
  return TOKENS.get(number);
}
