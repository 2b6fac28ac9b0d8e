import { z } from 'zod';

const byCurrency = z.record(z.string().regex(/^[A-Z]{3}$/), z.int().nonnegative());
const countries = z.array(z.string().regex(/^[A-Z]{2}$/)).max(250);

/** A merchant's own rules about when to authenticate. Amounts are minor units by currency. */
export const authenticationRulesSchema = z.strictObject({
  /** From this amount on, the payer is challenged. */
  challengeFromMinor: byCurrency.optional(),
  /** Cards issued in these countries (ISO 3166-1 alpha-2) are authenticated always. */
  authenticateCountries: countries.optional(),
  /** Cards issued in these countries are challenged. */
  challengeCountries: countries.optional(),
  /** Whether `low_value` is claimed where the amount allows. */
  claimLowValue: z.boolean().optional(),
  /** Up to this amount, `transaction_risk_analysis` is claimed; the acquirer must allow it. */
  claimRiskAnalysisUpToMinor: byCurrency.optional(),
});
export type AuthenticationRules = z.infer<typeof authenticationRulesSchema>;
