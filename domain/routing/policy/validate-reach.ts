import { type Catalogue, inScope } from '../catalogue/index.ts';
import { childrenOf } from './bounds.ts';
import type { Node } from './cel.ts';
import { type Choice, targetsOf } from './choose.ts';
import { compileCondition } from './condition.ts';
import type { PolicyDocument } from './document.ts';
import type { DocumentPath, Finding } from './problem.ts';
import { quoted } from './problem.ts';
import { type Box, boxesOverlap } from './reach/box.ts';
import { type Reach, reachOf } from './reach/reach.ts';
import { comparisonOf, regionOf } from './reach/region.ts';
import { Steps } from './reach/steps.ts';
import { texts } from './reach/values.ts';
import type { PolicyAccount } from './validate.ts';
import { variableNamed } from './variables.ts';

/** What comes to each rule of a policy, those that it inherits last. */
export function reachOfRules(document: PolicyDocument, platform: PolicyDocument, steps: Steps): Reach {
  const inherited = document.inherit === false ? [] : (platform.rules ?? []);
  return reachOf(
    [...(document.rules ?? []), ...inherited].map(({ when }) => treeOf(when)),
    steps,
  );
}

/** Rules, eliminations and requirements that can never match, and rules that those before leave nothing. */
export function reachFindings(document: PolicyDocument, reach: Reach, steps: Steps): Finding[] {
  const rules = document.rules ?? [];
  const unreached = rules.flatMap(({ name, when }, at): Finding[] => {
    const { reached, isImpossible, takers } = reach.rules[at] ?? {
      reached: [],
      isImpossible: false,
      takers: [],
    };
    if (reached.length > 0) return [];
    const path = ['rules', at, 'when'];
    if (isImpossible) return [contradiction(path, `rule ${quoted(name)}`, when)];
    const by = takers.map((each) => quoted(rules[each]?.name ?? ''));
    const more = by.length > 3 ? ` and ${by.length - 3} more` : '';
    return [
      {
        path,
        message: `rule ${quoted(name)} is never reached: all that it wants is taken before, by ${by.slice(0, 3).join(', ')}${more}`,
        hint: 'The first rule that matches decides: move it up, or remove it.',
      },
    ];
  });
  const never = (['eliminate', 'requirements'] as const).flatMap((list) =>
    (document[list] ?? []).flatMap(({ name, when }, at) => {
      const tree = treeOf(when);
      if (tree === undefined || regionOf(tree, steps).outer.length > 0) return [];
      return [contradiction([list, at, 'when'], quoted(name), when)];
    }),
  );
  return [...unreached, ...never];
}

function treeOf(when: string): Node | undefined {
  const answer = compileCondition(when);
  return answer.ok ? answer.condition.tree : undefined;
}

function contradiction(path: DocumentPath, what: string, when: string): Finding {
  const message = `${what} can never match`;
  const tree = treeOf(when);
  const alone = tree === undefined ? undefined : impossible(tree);
  if (alone === undefined)
    return { path, message, hint: 'No payment fulfils all parts of its condition at once.' };
  const { node, name } = alone;
  const variable = variableNamed(name);
  const values = variable?.values;
  const range = variable?.max === undefined ? '' : `: it is ${variable.min} to ${variable.max}`;
  const few = values !== undefined && values.length <= 12 ? `: it is ${values.join(', ')}` : range;
  return { path, message, hint: `${quoted(name)} is never so${few}.`, offset: node.start };
}

/** Enough for any one comparison. */
const MAX_STEPS_OF_ONE = 5_000;

/** A comparison that no value fulfils, alone. */
function impossible(node: Node): { readonly node: Node; readonly name: string } | undefined {
  const said = comparisonOf(node);
  if (said !== undefined)
    return regionOf(node, new Steps(MAX_STEPS_OF_ONE)).outer.length === 0
      ? { node, name: said.name }
      : undefined;
  for (const child of childrenOf(node)) {
    const found = impossible(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Currencies that no account of a choice can take, though payments in them can come to it: those that the policy
 * says it accepts, and where it doesn't say, those that a rule itself names. An `otherwise` that is the platform's is
 * judged by what the policy says it accepts alone.
 */
export function currencyFindings(
  document: PolicyDocument,
  platform: PolicyDocument,
  accounts: readonly PolicyAccount[],
  catalogue: Catalogue,
  reach: Reach,
): Finding[] {
  const own = document.rules ?? [];
  const takes = (accountId: string, currency: string) => {
    const entry = catalogue.accounts[accountId];
    return entry === undefined || inScope(entry.currencies, currency);
  };
  const missedBy = (currencies: readonly string[], chosen: readonly PolicyAccount[], boxes: readonly Box[]) =>
    currencies.filter(
      (currency) =>
        !chosen.some(({ id }) => takes(id, currency)) &&
        boxes.some((box) => boxesOverlap(inCurrency(currency), box)),
    );
  const of = (path: DocumentPath, choice: Choice, boxes: readonly Box[]): Finding[] => {
    const chosen = accountsOf(choice, accounts);
    // Unknown names are a finding of their own.
    if (chosen.length === 0) return [];
    const missed = missedBy(document.currencies ?? namedCurrencies(boxes), chosen, boxes);
    if (missed.length === 0) return [];
    return [
      {
        path,
        message: `none of its accounts can take ${missed.join(', ')}`,
        hint: 'Add an account that can, or a rule before it for that currency, or take it out of `currencies`.',
      },
    ];
  };
  const ofInherited = ({ choose }: Otherwise): Finding[] => {
    // A merchant without accounts reaches nobody by any policy, and writes one all the same.
    if (accounts.length === 0) return [];
    const missed = missedBy(document.currencies ?? [], accountsOf(choose, accounts), reach.left);
    if (missed.length === 0) return [];
    return [
      {
        path: ['currencies'],
        message: `none of the accounts of the platform’s \`otherwise\` can take ${missed.join(', ')}`,
        hint: 'Add a rule or an `otherwise` for that currency, or take it out of `currencies`.',
      },
    ];
  };
  const { otherwise } = document;
  const inherited = document.inherit === false ? undefined : platform.otherwise;
  return [
    ...own.flatMap(({ choose }, at) => of(['rules', at, 'choose'], choose, reach.rules[at]?.reached ?? [])),
    ...(otherwise !== undefined ? of(['otherwise', 'choose'], otherwise.choose, reach.left) : []),
    ...(otherwise === undefined && inherited !== undefined ? ofInherited(inherited) : []),
  ];
}

type Otherwise = NonNullable<PolicyDocument['otherwise']>;

function inCurrency(currency: string): Box {
  return new Map([['currency', { unknown: false, known: texts([currency]) }]]);
}

/** Where each way to the rule names its currencies, a few of them: those. */
function namedCurrencies(boxes: readonly Box[]): readonly string[] {
  const all = variableNamed('currency')?.values?.length ?? 0;
  // Pieces of one rule share their sets.
  const sets = [...new Set(boxes.map((box) => box.get('currency')?.known))];
  const named = sets.flatMap((set) => (set?.kind === 'texts' && !set.except ? [...set.values] : []));
  const isNamed = sets.every((set) => set?.kind === 'texts' && !set.except && set.values.size < all / 2);
  return isNamed ? [...new Set(named)] : [];
}

function accountsOf(choice: Choice, accounts: readonly PolicyAccount[]): readonly PolicyAccount[] {
  const targets = targetsOf(choice);
  if (targets === undefined) return accounts;
  return accounts.filter(({ id, provider }) => targets.includes(id) || targets.includes(provider));
}
