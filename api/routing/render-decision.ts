import type { StoredRouting } from '../../domain/routing/choose.ts';
import type { CandidateInputs, CandidateVerdict } from '../../domain/routing/decision.ts';
import type { RoutingFacts } from '../../domain/routing/facts.ts';
import { withoutAbsent } from '../absent.ts';
import type { PublicDecision } from './explanation-schema.ts';

/** A decision with what it was made from, in the API's words. */
export function renderDecision({
  inputs,
  order,
  requirements,
  retries,
  explanation,
}: StoredRouting): PublicDecision {
  const byId = new Map(inputs.candidates.map((each) => [each.accountId, each] as const));
  return {
    policy_version: inputs.policyVersion,
    platform_version: inputs.platformVersion ?? null,
    catalogue: inputs.catalogueId,
    draw: inputs.draw,
    facts: renderFacts(inputs.facts),
    order: [...order],
    requirements: [...requirements],
    retries: {
      max_attempts: retries.maxAttempts,
      fail_over_after: [...retries.failOverAfter],
      later_ms: [...retries.laterMs],
    },
    because: explanation.because,
    chosen_rule: explanation.chosenRule,
    strategy: explanation.strategy,
    rules: explanation.rules.map(({ name, matched, when, error }) => ({
      name,
      matched,
      when,
      error: error ?? null,
    })),
    requirement_rules: explanation.requirements.map(({ name, matched, require }) => ({
      name,
      matched,
      require,
    })),
    candidates: explanation.candidates.flatMap((verdict) => {
      const numbers = byId.get(verdict.accountId);
      return numbers === undefined ? [] : [renderCandidate(verdict, numbers)];
    }),
    exploration:
      explanation.exploration === undefined
        ? null
        : { instead: explanation.exploration.instead, margin_ppm: explanation.exploration.marginPpm },
  };
}

function renderCandidate(
  verdict: CandidateVerdict,
  numbers: CandidateInputs,
): PublicDecision['candidates'][number] {
  const { health, success } = numbers;
  return {
    account: verdict.accountId,
    provider: verdict.provider,
    verdict: verdict.verdict,
    rank: verdict.rank ?? null,
    fee: verdict.feeMinor ?? null,
    fee_parts: verdict.feeParts?.map(({ kind, amountMinor }) => ({ kind, amount: amountMinor })) ?? null,
    score: verdict.score ?? null,
    expected_value: verdict.expectedValueMinor ?? null,
    because: verdict.because ?? null,
    connector_version: numbers.connectorVersion,
    enabled: numbers.enabled,
    circuit: health.circuit,
    weight_ppm: health.weightPpm,
    unknown_ppm: health.unknownPpm,
    latency_p95_ms: health.latencyP95Ms ?? null,
    success: {
      rate_ppm: success.ratePpm,
      samples: success.samples,
      cell: success.cell,
      window_ms: success.windowMs,
    },
    authorized_today: numbers.authorizedTodayMinor,
  };
}

/** By the names that policies know them by, where they have one. */
function renderFacts(facts: RoutingFacts): Record<string, unknown> {
  const { customer } = facts;
  return withoutAbsent({
    merchant: facts.merchantId,
    amount: facts.amountMinor,
    currency: facts.currency,
    method: facts.method,
    at: new Date(facts.atMs).toISOString(),
    buyer_country: facts.buyerCountry,
    issuer_country: facts.issuerCountry,
    brand: facts.brand,
    funding: facts.funding,
    bin: facts.bin,
    merchant_category: facts.merchantCategory,
    merchant_country: facts.merchantCountry,
    channel: facts.channel,
    risk: facts.risk,
    risk_score: facts.riskScore,
    merchant_initiated: facts.merchantInitiated,
    recurring: facts.recurring,
    customer:
      customer === undefined
        ? undefined
        : {
            payments_succeeded: customer.paymentsSucceeded,
            payments_failed: customer.paymentsFailed,
            first_seen: new Date(customer.firstSeenMs).toISOString(),
          },
    metadata: facts.metadata,
  });
}
