import { z } from 'zod';
import type { Desk } from '../operator/desk.ts';
import type { Expectation } from './judge.ts';
import { eventually } from './merchant.ts';
import { payInsistently } from './pay.ts';
import { otherwiseForBrazil, REGIONAL } from './routing-policies.ts';
import type { Stage } from './stage.ts';
import { PATIENCE_MS, settled, shown, type Tried } from './tried.ts';

/**
 * A merchant changes where its payments go while they come in: a new policy decides within seconds and without a
 * restart, its next version is tried on half of them, then only watched, and the first comes back by one call. What
 * each payment should come to is read from the version that the API says has decided it.
 */
export interface RoutingShown {
  readonly tried: readonly Tried[];
  /** From the promotion's answer until a payment was decided by it. */
  readonly effectiveAfterMs: number;
  readonly canary: { readonly decided: number; readonly of: number };
  readonly shadow: { readonly evaluated: number; readonly differed: number };
  /** The decision of one payment, for people. */
  readonly explained: Explanation;
  /** What was not as promised, a sentence each. */
  readonly problems: readonly string[];
}

const explanationSchema = z.object({
  payment: z.string(),
  reproduced: z.boolean().nullable(),
  decision: z.object({
    policy_version: z.number(),
    chosen_rule: z.string(),
    because: z.string(),
    order: z.array(z.string()),
    requirements: z.array(z.string()),
    candidates: z.array(
      z.object({
        account: z.string(),
        verdict: z.string(),
        fee: z.number().nullable(),
        because: z.string().nullable(),
        success: z.object({ rate_ppm: z.number(), samples: z.number() }),
      }),
    ),
  }),
});
export type Explanation = z.infer<typeof explanationSchema>;

const versionSchema = z.object({ version: z.number(), status: z.string() });
const comparisonSchema = z.object({
  data: z.array(z.object({ compared: z.number(), evaluated: z.number(), differed: z.number() })),
});

/** As DESIGN.md has it for what workers keep in memory: a change is seen within two seconds, and a machine may be slow. */
const EFFECT_MS = 15_000;
const CANARY_PERCENT = 50;
/** By chance alone all of them would go one way once in 2^39. */
const AT_MOST_PAYMENTS = 40;
const SHADOWED_PAYMENTS = 3;
const REASON = 'demo: routing by region';

export async function showRouting(stage: Stage): Promise<RoutingShown> {
  const { routing } = stage;
  const before = versionSchema.parse((await routing.view('routing/policies/active')).body).version;
  const run = new Run(stage);
  try {
    const regional = await save(routing, REGIONAL);
    await move(routing, regional, 'promote');
    const startedMs = performance.now();
    const first = await run.until((version) => version === regional, EFFECT_MS);
    const effectiveAfterMs = performance.now() - startedMs;

    const variant = await save(routing, otherwiseForBrazil());
    await move(routing, variant, 'canary', { percent: CANARY_PERCENT });
    const canary = await run.untilBoth(regional, variant);

    await move(routing, variant, 'withdraw');
    await move(routing, variant, 'shadow');
    const counted = await countOf(routing, variant, regional);
    const shadow = await run.untilShadowed(variant, regional, counted);
    return { ...run.shown(), effectiveAfterMs, canary, shadow, explained: first };
  } finally {
    await routing.command('routing/rollback', { version: before, reason: REASON });
  }
}

async function save(routing: Desk, source: string): Promise<number> {
  const { body } = await routing.command('routing/policies', { source, reason: REASON });
  return versionSchema.parse(body).version;
}

async function move(routing: Desk, version: number, word: string, more: object = {}): Promise<void> {
  await routing.command(`routing/policies/${version}/${word}`, { reason: REASON, ...more });
}

/** How often the version would have decided otherwise than the active one, as of now. */
async function countOf(routing: Desk, version: number, active: number) {
  const { body } = await routing.view(`routing/policies/${version}/comparison`);
  const pairs = comparisonSchema
    .parse(body)
    .data.filter(({ compared }) => compared === version || compared === active);
  const sum = (what: 'evaluated' | 'differed') => pairs.reduce((total, each) => total + each[what], 0);
  return { evaluated: sum('evaluated'), differed: sum('differed') };
}

/** Payments of one shop in Brazil, one after another, each held against the version that decided it. */
class Run {
  readonly #stage: Stage;
  readonly #tried: Tried[] = [];
  readonly #problems: string[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  shown(): { readonly tried: readonly Tried[]; readonly problems: readonly string[] } {
    return { tried: this.#tried, problems: this.#problems };
  }

  /** Pays until a payment was decided by the version that is waited for. */
  async until(wanted: (version: number) => boolean, patienceMs: number): Promise<Explanation> {
    const explained = await eventually(
      () => this.#pay('a policy takes effect'),
      ({ decision }) => wanted(decision.policy_version),
      patienceMs,
    );
    if (!wanted(explained.decision.policy_version))
      this.#problems.push(`the promoted policy decided nothing within ${patienceMs / 1000} s`);
    return explained;
  }

  async untilBoth(active: number, canary: number): Promise<RoutingShown['canary']> {
    const versions: number[] = [];
    while (versions.length < AT_MOST_PAYMENTS && !(versions.includes(active) && versions.includes(canary))) {
      versions.push((await this.#pay('half of them by the canary')).decision.policy_version);
    }
    if (!versions.includes(canary))
      this.#problems.push(`the canary decided none of ${versions.length} payments`);
    return { decided: versions.filter((each) => each === canary).length, of: versions.length };
  }

  async untilShadowed(
    shadow: number,
    active: number,
    counted: RoutingShown['shadow'],
  ): Promise<RoutingShown['shadow']> {
    const { routing } = this.#stage;
    const since = async () => {
      const now = await countOf(routing, shadow, active);
      return { evaluated: now.evaluated - counted.evaluated, differed: now.differed - counted.differed };
    };
    const found = await eventually(
      async () => {
        for (let each = 0; each < SHADOWED_PAYMENTS; each++) await this.#pay('watched by the shadow');
        return since();
      },
      ({ differed }) => differed > 0,
      EFFECT_MS,
    );
    if (found.differed === 0)
      this.#problems.push('the shadow never differed, though it chooses another provider');
    return found;
  }

  async #pay(name: string): Promise<Explanation> {
    const { merchant, routing } = this.#stage;
    const startedMs = performance.now();
    const payment_method = await merchant.card({ number: '4242424242424242' });
    const body = { amount: 2_400, currency: 'USD', billing_country: 'BR', payment_method };
    const answer = await payInsistently(merchant, body);
    const begun = shown(answer.payment, name, answer.errorCode);
    const { body: told } = await routing.view(`payments/${begun.id}/routing`);
    const explained = explanationSchema.parse(told);
    const provider = explained.decision.order[0]?.replace(/^pa_demo_/, '') ?? 'nobody';
    const expected: Expectation = {
      status: 'succeeded',
      captured: body.amount,
      attempts: [[provider, 'captured']],
    };
    const payment = await settled(merchant, begun, expected.status, PATIENCE_MS);
    const problems =
      explained.reproduced === true ? [] : ['evaluating its stored inputs again gave another decision'];
    this.#tried.push({ name, expected, payment, problems, elapsedMs: performance.now() - startedMs });
    return explained;
  }
}
