import type { PolicyComparison } from './book.ts';

/** In what two versions' answers to one payment differ. */
export interface Difference {
  /** Another account would have been asked first. */
  readonly first: boolean;
  /** The same first, and others after it, or in another order. */
  readonly order: boolean;
  readonly requirements: boolean;
}

export function differenceOf({
  decided,
  wouldHave,
}: Pick<PolicyComparison, 'decided' | 'wouldHave'>): Difference {
  const first = decided.order[0] !== wouldHave.order[0];
  return {
    first,
    order: !first && !sameList(decided.order, wouldHave.order),
    requirements: !sameList(decided.requirements.toSorted(), wouldHave.requirements.toSorted()),
  };
}

/** A payment that another version would have decided otherwise, as a person wants to see it. */
export interface ComparisonSample {
  readonly payment: string;
  readonly decided: PolicyComparison['decided'];
  readonly would_have: PolicyComparison['wouldHave'];
}

/** Counts of one pair of versions, by the names of their columns. */
export interface ComparisonCounts {
  readonly merchant_id: string;
  readonly mode: string;
  readonly decided_by: number;
  readonly compared: number;
  evaluated: number;
  differed: number;
  first_differed: number;
  order_differed: number;
  requirements_differed: number;
  /** The latest first. */
  readonly samples: ComparisonSample[];
}

/** One row for each pair, in one order, whatever the order of the comparisons. */
export function countsOf(comparisons: readonly PolicyComparison[]): readonly ComparisonCounts[] {
  const byPair = new Map<string, ComparisonCounts>();
  for (const each of comparisons) {
    const key = JSON.stringify([each.merchantId, each.mode, each.deciding, each.compared]);
    const counts = byPair.get(key) ?? none(each);
    byPair.set(key, counts);
    const { first, order, requirements } = differenceOf(each);
    const differs = first || order || requirements;
    counts.evaluated += 1;
    counts.differed += Number(differs);
    counts.first_differed += Number(first);
    counts.order_differed += Number(order);
    counts.requirements_differed += Number(requirements);
    if (differs) counts.samples.unshift(sampleOf(each));
  }
  return [...byPair.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counts]) => counts);
}

function none({ merchantId, mode, deciding, compared }: PolicyComparison): ComparisonCounts {
  return {
    merchant_id: merchantId,
    mode,
    decided_by: deciding,
    compared,
    evaluated: 0,
    differed: 0,
    first_differed: 0,
    order_differed: 0,
    requirements_differed: 0,
    samples: [],
  };
}

function sampleOf({ paymentId, decided, wouldHave }: PolicyComparison): ComparisonSample {
  return { payment: paymentId, decided, would_have: wouldHave };
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
