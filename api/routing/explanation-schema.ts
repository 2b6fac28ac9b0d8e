import { z } from 'zod';

/** A decision as the API shows it, be it a payment's or a hypothetical one. */
const verdictSchema = z.enum([
  'candidate',
  'last_resort',
  'not_chosen',
  'disabled',
  'unhealthy',
  'degraded',
  'over_limit',
  'ticket_size',
  'unlicensed',
  'country_not_supported',
  'currency_not_supported',
  'method_not_supported',
  'connector_retired',
  'eliminated_by_rule',
]);

const ppm = z.int().meta({ description: 'Parts per million.' });

const candidateSchema = z.object({
  account: z.string(),
  provider: z.string(),
  verdict: verdictSchema,
  rank: z.int().nullable(),
  fee: z.int().nullable().meta({ description: 'Expected, in minor units of the payment’s currency.' }),
  fee_parts: z.array(z.object({ kind: z.string(), amount: z.int() })).nullable(),
  score: z.number().nullable(),
  expected_value: z.int().nullable(),
  because: z.string().nullable(),
  connector_version: z.string(),
  enabled: z.boolean(),
  circuit: z.enum(['closed', 'open', 'half_open']),
  weight_ppm: ppm,
  unknown_ppm: ppm,
  latency_p95_ms: z.number().nullable(),
  success: z.object({
    rate_ppm: ppm,
    samples: z.int(),
    cell: z
      .string()
      .meta({ description: 'What the rate rests on, coarser where the exact cell had few samples.' }),
    window_ms: z.int(),
  }),
  authorized_today: z.int(),
});

export const decisionFields = {
  policy_version: z
    .int()
    .meta({ description: '0: the platform’s policy decided, or a text that is not saved.' }),
  platform_version: z.int().nullable(),
  catalogue: z.string(),
  draw: z.int(),
  facts: z.record(z.string(), z.unknown()),
  order: z.array(z.string()).meta({ description: 'Accounts, best first. Empty: nobody can take it.' }),
  requirements: z.array(z.enum(['authenticate', 'challenge', 'review'])),
  retries: z.object({
    max_attempts: z.int(),
    fail_over_after: z.array(z.string()),
    later_ms: z.array(z.int()),
  }),
  because: z.string(),
  chosen_rule: z.string(),
  strategy: z.enum(['order', 'split', 'lowest_cost', 'best_success', 'weighted']),
  rules: z.array(
    z.object({ name: z.string(), matched: z.boolean(), when: z.string(), error: z.string().nullable() }),
  ),
  requirement_rules: z.array(z.object({ name: z.string(), matched: z.boolean(), require: z.string() })),
  candidates: z.array(candidateSchema),
  exploration: z.object({ instead: z.string(), margin_ppm: ppm }).nullable(),
};

const decisionSchema = z.object(decisionFields);
export type PublicDecision = z.input<typeof decisionSchema>;

const roundFields = {
  created: z.int(),
  reproduced: z.boolean().nullable().meta({
    description:
      'Whether evaluating the stored inputs again gives the same; null for payments of before that was kept.',
  }),
  decision: decisionSchema.nullable(),
  again: decisionSchema.nullable().meta({ description: 'The other answer, where it is not the same.' }),
  stored: z.unknown().optional().meta({ description: 'An explanation of an older form, as it stands.' }),
};

const roundSchema = z.object({
  attempt: z.string().nullable().meta({ description: 'Of a later round: the attempt that it began with.' }),
  ...roundFields,
});
export type PublicRound = z.input<typeof roundSchema>;

export const explanationSchema = z
  .object({
    object: z.literal('payment_routing'),
    payment: z.string(),
    ...roundFields,
    rounds: z.array(roundSchema).meta({
      description:
        'Each time that the payment was routed: at first, which is what stands above, and for each later try.',
    }),
  })
  .meta({ id: 'PaymentRouting' });
