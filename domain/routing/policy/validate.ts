import { RETRY_ADVICE } from '../../payment/outcome.ts';
import type { Catalogue } from '../catalogue/index.ts';
import { MAX_ARITHMETIC_IN_ALL } from './bounds.ts';
import { type Choice, placedTargets } from './choose.ts';
import { type Condition, compileCondition } from './condition.ts';
import { durationMs, type PolicyDocument } from './document.ts';
import { PLATFORM_DEFAULT } from './platform.ts';
import type { DocumentPath, Finding, PolicyProblem } from './problem.ts';
import { quoted, suggestion } from './problem.ts';
import { Steps } from './reach/steps.ts';
import { NO_SOURCE, type PolicySource, parsePolicy } from './source.ts';
import { currencyFindings, reachFindings, reachOfRules } from './validate-reach.ts';

/** What a policy is held against. Without accounts (offline) nothing is said of names and currencies. */
export interface PolicyWorld {
  readonly accounts?: readonly PolicyAccount[];
  readonly catalogue?: Catalogue;
  readonly platform?: PolicyDocument;
  /** Gives problems their lines; see `parsePolicy`. */
  readonly source?: PolicySource;
}

export interface PolicyAccount {
  readonly id: string;
  readonly provider: string;
}

/** All conditions of a document together; each costs time at each payment. */
export const MAX_NODES_IN_ALL = 50_000;

/** A text to a document that may be saved, or all that is wrong with it. */
export function checkPolicy(
  text: string,
  world: Omit<PolicyWorld, 'source'>,
):
  | { readonly ok: true; readonly document: PolicyDocument }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] } {
  const parsed = parsePolicy(text);
  if (!parsed.ok) return parsed;
  const problems = validatePolicy(parsed.document, { ...world, source: parsed.source });
  return problems.length === 0 ? { ok: true, document: parsed.document } : { ok: false, problems };
}

/** All that is wrong with a document of the right shape; in the order of its lines. */
export function validatePolicy(document: PolicyDocument, world: PolicyWorld): readonly PolicyProblem[] {
  const { accounts, source = NO_SOURCE, platform = PLATFORM_DEFAULT } = world;
  const places = conditionPlaces(document);
  const tooLarge = sizeFindings(places);
  // What is too large to be evaluated is too large to be searched.
  const searched = tooLarge.length > 0 ? [] : searchFindings(document, platform, world);
  const findings = [
    ...refusals(places),
    ...tooLarge,
    ...duplicateNames(document),
    ...choicesOf(document).flatMap(([path, choice]) => choiceFindings(path, choice)),
    ...(accounts === undefined ? [] : targetFindings(document, accounts)),
    ...otherwiseFindings(document, platform),
    ...retryFindings(document),
    ...searched,
  ];
  return located(findings, source);
}

/**
 * What must hold of any document before it is evaluated, whoever it fits: that its conditions compile, and that all
 * together cost no more than a payment may wait. A draft is kept as it came, and held against the past before it is fit.
 */
export function boundsProblems(document: PolicyDocument): readonly PolicyProblem[] {
  const places = conditionPlaces(document);
  return located([...refusals(places), ...sizeFindings(places)], NO_SOURCE);
}

/** What comes after the first few is mostly their consequence, and finding its place in the text costs time. */
const MAX_FINDINGS = 200;

function located(findings: readonly Finding[], source: PolicySource): readonly PolicyProblem[] {
  return findings
    .slice(0, MAX_FINDINGS)
    .map((finding) => source.locate(finding))
    .toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function searchFindings(document: PolicyDocument, platform: PolicyDocument, world: PolicyWorld): Finding[] {
  const { accounts, catalogue } = world;
  const steps = new Steps();
  const reach = reachOfRules(document, platform, steps);
  const found = reachFindings(document, reach, steps);
  if (accounts === undefined || catalogue === undefined) return found;
  return [...found, ...currencyFindings(document, platform, accounts, catalogue, reach)];
}

function refusals(places: readonly ConditionPlace[]): Finding[] {
  return places.flatMap(({ path, refusal }) => (refusal === undefined ? [] : [{ path, ...refusal }]));
}

interface ConditionPlace {
  readonly path: DocumentPath;
  readonly condition?: Condition;
  readonly refusal?: Omit<Finding, 'path'>;
}

function conditionPlaces(document: PolicyDocument): readonly ConditionPlace[] {
  return (['rules', 'eliminate', 'requirements'] as const).flatMap((list) =>
    (document[list] ?? []).map(({ when }, at): ConditionPlace => {
      const answer = compileCondition(when);
      const path = [list, at, 'when'];
      return answer.ok ? { path, condition: answer.condition } : { path, refusal: answer.refusal };
    }),
  );
}

function sizeFindings(places: readonly ConditionPlace[]): Finding[] {
  let nodes = 0;
  let arithmetic = 0;
  for (const { path, condition } of places) {
    nodes += condition?.nodes ?? 0;
    arithmetic += condition?.arithmetic ?? 0;
    if (arithmetic > MAX_ARITHMETIC_IN_ALL)
      return [
        {
          path,
          message: `all conditions together have more than ${MAX_ARITHMETIC_IN_ALL} arithmetic operations`,
          hint: 'Compute the numbers, and write them.',
        },
      ];
    if (nodes > MAX_NODES_IN_ALL)
      return [
        {
          path,
          message: `all conditions together have more than ${MAX_NODES_IN_ALL} values and operators`,
          hint: 'Shorten the lists, or join rules that choose the same.',
        },
      ];
  }
  return [];
}

/** Explanations name rules: two of one name would be one to their readers. */
function duplicateNames(document: PolicyDocument): Finding[] {
  return (['rules', 'eliminate', 'requirements'] as const).flatMap((list) => {
    const seen = new Set<string>();
    return (document[list] ?? []).flatMap(({ name }, at) => {
      const isSeen = seen.has(name) || (list === 'rules' && name === 'otherwise');
      seen.add(name);
      if (!isSeen) return [];
      return [
        {
          path: [list, at, 'name'],
          message: `the name ${quoted(name)} is taken`,
          hint: 'Give each its own name.',
        },
      ];
    });
  });
}

function choicesOf(document: PolicyDocument): readonly (readonly [DocumentPath, Choice])[] {
  return [
    ...(document.rules ?? []).map(({ choose }, at) => [['rules', at, 'choose'], choose] as const),
    ...(document.otherwise === undefined
      ? []
      : [[['otherwise', 'choose'], document.otherwise.choose] as const]),
  ];
}

function choiceFindings(path: DocumentPath, choice: Choice): Finding[] {
  if ('split' in choice) {
    const total = choice.split.reduce((sum, { weight }) => sum + weight, 0);
    const hint = 'Give at least one target a weight of more than 0.';
    return total > 0 ? [] : [{ path: [...path, 'split'], message: 'the weights sum to 0', hint }];
  }
  if (!('weighted' in choice)) return [];
  const { success = 0, cost = 0, latency = 0, value = 0 } = choice.weighted;
  if (success + cost + latency + value === 0) {
    const hint = 'Give success, cost, latency or value a weight of more than 0.';
    return [{ path: [...path, 'weighted'], message: 'the weights sum to 0', hint }];
  }
  if (value === 0 || choice.margin_percent !== undefined) return [];
  const hint = 'Add margin_percent: what a payment that succeeds earns you, in percent of its amount.';
  return [{ path: [...path, 'weighted', 'value'], message: 'value needs the margin', hint }];
}

function targetFindings(document: PolicyDocument, accounts: readonly PolicyAccount[]): Finding[] {
  const known = [...new Set(accounts.flatMap(({ id, provider }) => [provider, id]))];
  const unknown = (path: DocumentPath, name: string): Finding[] =>
    known.includes(name)
      ? []
      : [
          {
            path,
            message: `there is no provider or account ${quoted(name)}`,
            hint: suggestion(name, known, 'providers and accounts'),
          },
        ];
  const chosen = choicesOf(document).flatMap(([path, choice]) =>
    placedTargets(choice).flatMap(({ name, place }) => unknown([...path, ...place], name)),
  );
  const eliminated = (document.eliminate ?? []).flatMap(({ accounts: names }, at) =>
    names.flatMap((name, of) => unknown(['eliminate', at, 'accounts', of], name)),
  );
  return [...chosen, ...eliminated];
}

function otherwiseFindings(document: PolicyDocument, platform: PolicyDocument): Finding[] {
  if (document.otherwise !== undefined) return [];
  if (document.inherit !== false && platform.otherwise !== undefined) return [];
  const hint = 'Add otherwise: { choose: … }, or inherit: true for the platform’s.';
  return [{ path: [], message: 'there is no `otherwise`', hint }];
}

function retryFindings({ retries }: PolicyDocument): Finding[] {
  const never = (retries?.fail_over_after ?? []).flatMap((reason, at) =>
    RETRY_ADVICE[reason] === 'never'
      ? [
          {
            path: ['retries', 'fail_over_after', at],
            message: `after ${quoted(reason)} the networks forbid another try`,
            hint: 'Remove it.',
          },
        ]
      : [],
  );
  const waits = (retries?.later ?? []).map(durationMs);
  const back = waits.findIndex((wait, at) => at > 0 && wait <= (waits[at - 1] ?? 0));
  if (back === -1) return never;
  const hint = 'Each is counted from the first decline, so each is later than the one before.';
  return [...never, { path: ['retries', 'later', back], message: 'the times do not ascend', hint }];
}
