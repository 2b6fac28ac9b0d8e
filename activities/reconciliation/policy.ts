import { z } from 'zod';
import type { ReconciledAccount } from '../../db/reconciliation/accounts.ts';
import { FEE_KINDS } from '../../domain/reconciliation/row.ts';
import { type Policy, policyWith } from '../../domain/reconciliation/tolerance.ts';

const minor = z.int().min(0);
const bps = z.int().min(0).max(10_000);
const durationMs = z.int().min(0);

const toleranceSchema = z.strictObject({
  merchantId: z.string().optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .optional(),
  feeKind: z.enum(FEE_KINDS).optional(),
  amountMinor: minor.optional(),
  roundingMinor: minor.optional(),
  fxBps: bps.optional(),
  feeMinor: minor.optional(),
  feeBps: bps.optional(),
  batchMinor: minor.optional(),
});

/** `settings.reconciliation` of a provider account. */
const policySchema = z.strictObject({
  tolerances: z.array(toleranceSchema).optional(),
  captureSlaMs: durationMs.optional(),
  refundSlaMs: durationMs.optional(),
  payoutSlaMs: durationMs.optional(),
  presentmentGraceMs: durationMs.optional(),
  latePresentmentMs: durationMs.optional(),
  feeTypes: z.record(z.string(), z.enum(FEE_KINDS)).optional(),
  bankFeesMinor: z.record(z.string(), z.array(minor)).optional(),
});

/** How exact is exact at this account: the platform's defaults with what its settings say in their place. */
export function policyOf({ settings }: ReconciledAccount): Policy {
  const { reconciliation = {} } = settings as Readonly<Record<string, unknown>>;
  const configured = policySchema.parse(reconciliation);
  return policyWith(withoutUndefined(configured));
}

/** zod gives absent members as undefined, and the defaults are spread under what is there. */
function withoutUndefined(configured: object): Partial<Policy> {
  return Object.fromEntries(
    Object.entries(configured).filter(([, value]) => value !== undefined),
  ) as Partial<Policy>;
}
