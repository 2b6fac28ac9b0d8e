import type { Catalogue } from '../catalogue/index.ts';
import type {
  CandidateInputs,
  CandidateVerdict,
  Requirement,
  RouteExplanation,
  RoutingDecision,
  RoutingInputs,
  RuleVerdict,
} from '../decision.ts';
import { type Choice, type CompiledPolicy, contextsOf, targetsOf } from '../policy/index.ts';
import { type Judgement, judgeOf } from './candidates.ts';
import type { Ranking } from './numbers.ts';
import { rank, strategyOf } from './strategies.ts';

/** Where a payment goes, with what, and why: the first rule that matches, less whoever can't, by the rule's strategy. */
export function evaluate(
  policy: CompiledPolicy,
  catalogue: Catalogue,
  inputs: RoutingInputs,
): RoutingDecision {
  const contextFor = contextsOf(inputs.facts);
  const { rules, chosenRule, choice } = firstMatch(policy, contextFor);
  const chosen = chosenAccounts(choice, inputs.candidates);
  const judge = judgeOf(policy, catalogue, inputs, contextFor);
  const judged = new Map(chosen.map((each) => [each.accountId, judge(each)] as const));
  const withOutcome = (outcome: Judgement['outcome']) =>
    chosen.filter(({ accountId }) => judged.get(accountId)?.outcome === outcome);
  const question = { inputs, catalogue };
  const ranked = rank(choice, { ...question, listed: withOutcome('candidate'), mayExplore: true });
  // Trying an account that is unwell beats refusing: a refused connection charges nobody.
  const resorts = rank(choice, { ...question, listed: withOutcome('last_resort'), mayExplore: false });
  const order = [...ranked.order, ...resorts.order].map(({ accountId }) => accountId);
  const requirements = requirementsOf(policy, contextFor);
  const explanation: RouteExplanation = {
    format: 2,
    rules,
    chosenRule,
    strategy: strategyOf(choice),
    requirements,
    candidates: verdictsOf(inputs.candidates, judged, order, [ranked, resorts]),
    order,
    because: becauseOf(order, ranked, resorts, judged),
    ...(ranked.exploration === undefined ? {} : { exploration: ranked.exploration }),
  };
  return {
    order,
    requirements: [...new Set(requirements.filter(({ matched }) => matched).map(({ require }) => require))],
    retries: policy.retries,
    explanation,
  };
}

type ContextFor = ReturnType<typeof contextsOf>;

interface Match {
  /** Those that were asked: the first that matched, and all before it. */
  readonly rules: readonly RuleVerdict[];
  readonly chosenRule: string;
  readonly choice: Choice;
}

function firstMatch(policy: CompiledPolicy, contextFor: ContextFor): Match {
  const rules: RuleVerdict[] = [];
  for (const { name, condition, clock, choice } of policy.rules) {
    const when = condition.text;
    try {
      const matched = condition.holds(contextFor(clock));
      rules.push({ name, matched, when });
      if (matched) return { rules, chosenRule: name, choice };
    } catch (error) {
      rules.push({ name, matched: false, when, error: firstLine(error) });
    }
  }
  return { rules, chosenRule: 'otherwise', choice: policy.otherwise };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/** All are asked, and each that matches counts. One that can't be computed counts too: rather a challenge too many. */
function requirementsOf(policy: CompiledPolicy, contextFor: ContextFor) {
  return policy.requirements.map(
    ({ name, condition, clock, require }): { name: string; matched: boolean; require: Requirement } => {
      try {
        return { name, matched: condition.holds(contextFor(clock)), require };
      } catch {
        return { name, matched: true, require };
      }
    },
  );
}

/** A provider's name stands for all of its accounts; an account that is named twice counts where it is named first. */
function chosenAccounts(choice: Choice, candidates: readonly CandidateInputs[]): readonly CandidateInputs[] {
  const targets = targetsOf(choice);
  if (targets === undefined) return candidates;
  const chosen = new Set<CandidateInputs>();
  for (const target of targets) {
    for (const each of candidates) {
      if (each.accountId === target || each.provider === target) chosen.add(each);
    }
  }
  return [...chosen];
}

function verdictsOf(
  candidates: readonly CandidateInputs[],
  judged: ReadonlyMap<string, Judgement>,
  order: readonly string[],
  rankings: readonly Ranking[],
): CandidateVerdict[] {
  return candidates.map(({ accountId, provider }) => {
    const judgement = judged.get(accountId);
    if (judgement === undefined) return { accountId, provider, verdict: 'not_chosen' };
    const { outcome, because } = judgement;
    const at = order.indexOf(accountId);
    const { fee, score, expectedValueMinor } = numbersIn(rankings, accountId);
    return {
      accountId,
      provider,
      verdict: outcome,
      ...(at === -1 ? {} : { rank: at + 1 }),
      ...(fee === undefined ? {} : { feeMinor: fee.totalMinor, feeParts: fee.parts }),
      ...(score === undefined ? {} : { score }),
      ...(expectedValueMinor === undefined ? {} : { expectedValueMinor }),
      ...(because === undefined ? {} : { because }),
    };
  });
}

function numbersIn(rankings: readonly Ranking[], accountId: string) {
  for (const { numbers } of rankings) {
    const found = numbers.get(accountId);
    if (found !== undefined) return found;
  }
  return {};
}

function becauseOf(
  order: readonly string[],
  ranked: Ranking,
  resorts: Ranking,
  judged: ReadonlyMap<string, Judgement>,
): string {
  const [first] = order;
  if (first === undefined) {
    const each = [...judged].map(([accountId, { because }]) => `${accountId}: ${because ?? ''}`);
    return each.length === 0
      ? 'nobody: the rule names no account that there is'
      : `nobody can take it: ${each.join('; ')}`;
  }
  if (ranked.order.length > 0) return `${first}: ${ranked.because}`;
  return `${first}: all are last resorts (${judged.get(first)?.because ?? ''}); of them ${resorts.because}`;
}
