import { z } from 'zod';
import { isCurrency } from '../../money/currency.ts';
import { type DeclineReason, RETRY_ADVICE } from '../../payment/outcome.ts';
import type { Requirement } from '../decision.ts';
import { choiceSchema } from './choose.ts';

export const POLICY_FORMAT = 'interlock/routing@1';

/** A policy is read by people and held in memory by every worker: both want it bounded. */
export const MAX_SOURCE_BYTES = 256 * 1024;
export const MAX_RULES = 1_000;
export const MAX_ELIMINATIONS = 200;
export const MAX_REQUIREMENTS = 200;
export const MAX_CONDITION_CHARACTERS = 2_000;

/** `value` where a merchant may change what the evaluator does about it; the rest is never a matter of taste. */
export const HANDLINGS = ['remove', 'last_resort', 'keep'] as const;
export type Handling = (typeof HANDLINGS)[number];

const name = z.string().trim().min(1).max(120);
const condition = z.string().trim().min(1).max(MAX_CONDITION_CHARACTERS);

const ruleSchema = z.strictObject({ name, when: condition, choose: choiceSchema });

const requirementSchema = z.strictObject({
  name,
  when: condition,
  require: z.enum(['authenticate', 'challenge', 'review'] satisfies Requirement[]),
});

const eliminationSchema = z.strictObject({
  name,
  when: condition,
  /** Which accounts it takes out: provider names or account ids. */
  accounts: z.array(z.string().min(1)).min(1).max(64),
});

const REASONS = Object.keys(RETRY_ADVICE) as [DeclineReason, ...DeclineReason[]];

/** `90s`, `30m`, `12h`, `7d`. */
const duration = z.string().regex(/^[1-9]\d{0,5}[smhd]$/, 'must be a duration such as 30m, 12h or 3d');

const retriesSchema = z.strictObject({
  /** Sends in all, the first included. */
  max_attempts: z.int().min(1).max(10).optional(),
  fail_over_after: z.array(z.enum(REASONS)).max(REASONS.length).optional(),
  /** For payments without their payer, after a decline that may pass: how long after the first, ascending. */
  later: z.array(duration).max(10).optional(),
});

/** A merchant's routing policy as it is written. One schema for YAML, JSON, the store and the API. */
export const policyDocumentSchema = z.strictObject({
  format: z.literal(POLICY_FORMAT),
  name,
  description: z.string().max(2_000).optional(),
  /** The platform's eliminations, requirements and retries count too, and its rules come after ours. */
  inherit: z.boolean().optional(),
  /** IANA; in which `hour` and `weekday` are read. */
  time_zone: z.string().refine(isTimeZone, 'is not a time zone of the IANA database').optional(),
  /** What it accepts. Absent: whatever an account can take. */
  currencies: z
    .array(z.string().refine(isCurrency, 'is not a currency of ISO 4217'))
    .min(1)
    .max(200)
    .optional(),
  rules: z.array(ruleSchema).max(MAX_RULES).optional(),
  /** Where no rule matches. May be left to the platform's, with `inherit`. */
  otherwise: z.strictObject({ choose: choiceSchema }).optional(),
  built_in: z
    .strictObject({
      unhealthy: z.enum(HANDLINGS).optional(),
      degraded: z.enum(HANDLINGS).optional(),
      over_limit: z.enum(HANDLINGS).optional(),
      ticket_size: z.enum(['remove', 'last_resort']).optional(),
    })
    .optional(),
  eliminate: z.array(eliminationSchema).max(MAX_ELIMINATIONS).optional(),
  requirements: z.array(requirementSchema).max(MAX_REQUIREMENTS).optional(),
  retries: retriesSchema.optional(),
});

export type PolicyDocument = z.infer<typeof policyDocumentSchema>;
export type PolicyRule = z.infer<typeof ruleSchema>;

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * (UNITS_MS[text.slice(-1)] ?? Number.NaN);
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
