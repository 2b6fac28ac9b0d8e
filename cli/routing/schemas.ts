import { z } from 'zod';

/** The API's answers. Only what is said here is read; the API sends more. */
export const versionSchema = z.object({
  version: z.number(),
  name: z.string(),
  status: z.string(),
  canary_percent: z.number().nullable(),
  author: z.string(),
  created: z.number(),
  proposal: z
    .object({ to: z.string(), canary_percent: z.number().nullable(), by: z.string(), reason: z.string() })
    .nullable(),
  allowed: z.array(z.string()),
});
export type Version = z.output<typeof versionSchema>;

export const listSchema = z.object({ data: z.array(versionSchema), has_more: z.boolean() });

export const wholeSchema = versionSchema.extend({
  source: z.string(),
  events: z
    .array(
      z.object({
        at: z.number(),
        kind: z.string(),
        from: z.string().nullable(),
        to: z.string(),
        canary_percent: z.number().nullable(),
        actor: z.string(),
        reason: z.string(),
        proposed_by: z.string().nullable(),
      }),
    )
    .default([]),
});

const problems = z.array(
  z.object({ line: z.number(), column: z.number(), path: z.string(), message: z.string(), hint: z.string() }),
);
/** Of a check, or of the problem that refused a policy. */
export const problemsSchema = z.union([
  z.object({ problems }),
  z.object({ error: z.object({ problems }) }).transform(({ error }) => error),
]);

export const decisionSchema = z.object({
  policy_version: z.number(),
  order: z.array(z.string()),
  requirements: z.array(z.string()),
  retries: z.object({
    max_attempts: z.number(),
    fail_over_after: z.array(z.string()),
    later_ms: z.array(z.number()),
  }),
  because: z.string(),
  chosen_rule: z.string(),
  strategy: z.string(),
  rules: z.array(
    z.object({ name: z.string(), matched: z.boolean(), when: z.string(), error: z.string().nullable() }),
  ),
  requirement_rules: z.array(z.object({ name: z.string(), matched: z.boolean(), require: z.string() })),
  candidates: z.array(
    z.object({
      account: z.string(),
      provider: z.string(),
      verdict: z.string(),
      rank: z.number().nullable(),
      fee: z.number().nullable(),
      expected_value: z.number().nullable(),
      because: z.string().nullable(),
      circuit: z.string(),
      weight_ppm: z.number(),
      success: z.object({ rate_ppm: z.number(), samples: z.number(), cell: z.string() }),
    }),
  ),
  exploration: z.object({ instead: z.string(), margin_ppm: z.number() }).nullable(),
});
export type Decision = z.output<typeof decisionSchema>;

const roundSchema = z.object({
  attempt: z.string().nullable(),
  reproduced: z.boolean().nullable(),
  decision: decisionSchema.nullable(),
  again: decisionSchema.nullable(),
  stored: z.unknown().optional(),
});
export type Round = z.output<typeof roundSchema>;

export const explainedSchema = z.object({ payment: z.string(), rounds: z.array(roundSchema) });

const answer = z.object({ order: z.array(z.string()), requirements: z.array(z.string()) });
export const comparisonSchema = z.object({
  version: z.number(),
  data: z.array(
    z.object({
      decided_by: z.number(),
      compared: z.number(),
      evaluated: z.number(),
      differed: z.number(),
      first_differed: z.number(),
      order_differed: z.number(),
      requirements_differed: z.number(),
      samples: z.array(z.object({ payment: z.string(), decided: answer, would_have: answer })),
    }),
  ),
});

export const healthSchema = z.object({
  accounts: z.array(
    z.object({
      account: z.string(),
      provider: z.string(),
      enabled: z.boolean(),
      circuit: z.string(),
      consecutive_failures: z.number(),
      weight_ppm: z.number(),
      unknown_ppm: z.number(),
      latency_p95_ms: z.number().nullable(),
      window: z.object({ attempts: z.number(), approved: z.number() }),
      cells: z.array(
        z.object({
          brand: z.string().nullable(),
          issuer_country: z.string().nullable(),
          currency: z.string(),
          attempts: z.number(),
          approved: z.number(),
          success_ppm: z.number(),
          rests_on: z.string(),
        }),
      ),
    }),
  ),
});

const scope = z.object({ only: z.array(z.string()).optional(), except: z.array(z.string()).optional() });
export const catalogueSchema = z.object({
  id: z.string(),
  accounts: z.record(
    z.string(),
    z.object({
      currencies: scope,
      countries: z.object({ buyer: scope, issuer: scope }),
      connector: z.object({ active: z.string() }),
      source: z.string(),
    }),
  ),
});
