import { z } from 'zod';
import { FEE_KINDS } from '../domain/reconciliation/row.ts';
import { isRate } from './settlement/decimal.ts';

/** What an account's settings may say of how its days are reconciled: for those who read them, and those who write them. */
export const currencyCode = z.string().regex(/^[A-Z]{3}$/, 'must be a currency of ISO 4217');

const minor = z.int().min(0);
const bps = z.int().min(0).max(10_000);
const durationMs = z.int().min(0);

const toleranceRule = z.strictObject({
  merchantId: z.string().optional(),
  currency: currencyCode.optional(),
  feeKind: z.enum(FEE_KINDS).optional(),
  amountMinor: minor.optional(),
  roundingMinor: minor.optional(),
  fxBps: bps.optional(),
  feeMinor: minor.optional(),
  feeBps: bps.optional(),
  batchMinor: minor.optional(),
});

/** `settings.reconciliation` of a provider account. */
export const reconciliationSettings = z.strictObject({
  tolerances: z.array(toleranceRule).optional(),
  captureSlaMs: durationMs.optional(),
  refundSlaMs: durationMs.optional(),
  payoutSlaMs: durationMs.optional(),
  presentmentGraceMs: durationMs.optional(),
  latePresentmentMs: durationMs.optional(),
  feeTypes: z.record(z.string(), z.enum(FEE_KINDS)).optional(),
  bankFeesMinor: z.record(z.string(), z.array(minor)).optional(),
});

/** `settings.fxRates` of a provider account: agreed rates by booked currency. */
export const agreedRates = z.record(
  currencyCode,
  z.string().refine(isRate, 'must be an exact decimal, e.g. "1.0825"'),
);
