// Breaks that really happen at the provider: they are in its journal and its API answers for them. Nobody is
// told by webhook, so the settlement file is where the merchant learns of them.
import type { JournalLine } from '../../journal.ts';
import { type EffectLine, type Line, movesMoney } from '../lines.ts';
import { toNumber } from '../money.ts';
import { CannotPlant, type Site, type Spec } from './site.ts';

export type Planter = (site: Site, spec: Spec, index: number) => void;

type Effects = ReadonlyMap<string, ReadonlySet<string>>;

/** The names of the effects that each of the merchant's references has seen. */
function effectsByReference(journal: readonly JournalLine[]): Effects {
  const found = new Map<string, Set<string>>();
  for (const line of journal) {
    if (typeof line.reference !== 'string') continue;
    const names = found.get(line.reference) ?? new Set<string>();
    found.set(line.reference, names);
    if (line.kind === 'effect') names.add(String(line.effect));
  }
  return found;
}

/** Charges a payment of which the merchant believes that it was not charged. */
function charged(fits: (effects: ReadonlySet<string>) => boolean, none: string): Planter {
  return (site, spec) => {
    const known = effectsByReference(site.journal());
    const candidates =
      spec.reference === undefined
        ? [...known].filter(([, effects]) => fits(effects)).map(([reference]) => reference)
        : [spec.reference];
    for (const reference of candidates) {
      const asked = { reference, amountMinor: spec.amountMinor, currency: spec.currency };
      const [line] = site.act((tx) => site.settler.acts.charge(tx, asked)) ?? [];
      if (line !== undefined) return site.mark(spec.type, line);
    }
    throw new CannotPlant(none);
  };
}

const duplicateCharge: Planter = (site, spec) => {
  const line = site.use('capture', spec, (capture) => {
    const { reference, currency } = capture;
    if (reference === null) return undefined;
    const asked = { reference, amountMinor: toNumber(capture.grossMinor), currency };
    return site.act((tx) => site.settler.acts.chargeAgain(tx, asked))?.[0];
  });
  site.mark(spec.type, line);
};

const externalRefund: Planter = (site, spec) => {
  const line = site.use('capture', spec, ({ payment, grossMinor }) => {
    const half = toNumber((grossMinor + 1n) / 2n);
    return site.act((tx) => site.settler.acts.refund(tx, payment ?? '', half))?.[0];
  });
  site.mark(spec.type, line);
};

/** Takes a refund back that the merchant asked for, of this day or an earlier one. */
const refundTakenBack: Planter = (site, spec) => {
  const journal = site.journal().filter(movesMoney);
  const failed = new Set(journal.filter((each) => each.effect === 'refund_failed').map(operationOf));
  const refunds = journal.filter(
    (each) =>
      each.effect === 'refunded' &&
      !failed.has(operationOf(each)) &&
      typeof each.operationReference === 'string' &&
      (spec.reference === undefined || each.reference === spec.reference),
  );
  for (const refund of refunds.reverse()) {
    const [line] = site.act((tx) => site.settler.acts.takeRefundBack(tx, refund.providerReference)) ?? [];
    if (line === undefined) continue;
    site.spoil(refund);
    return site.mark(spec.type, line);
  }
  throw new CannotPlant('no refund of the merchant’s is left to be taken back');
};

function operationOf({ providerReference }: EffectLine): string {
  return providerReference;
}

function openDispute(site: Site, spec: Spec): Line {
  const line = site.use('capture', spec, (capture) => {
    const effect = site.effectOf(capture);
    return site.act((tx) => site.settler.acts.dispute(tx, effect))?.[0];
  });
  site.mark('CHARGEBACK_NEW', line);
  return line;
}

function reverse(site: Site, dispute: EffectLine): Line {
  const [line] = site.act((tx) => site.settler.acts.reverseDispute(tx, dispute)) ?? [];
  if (line === undefined) throw new CannotPlant('the dispute cannot be reversed');
  site.mark('CHARGEBACK_REVERSED', line);
  return line;
}

/** Disputes whose last step is this one, latest first. */
function disputesAt(site: Site, step: string, { reference }: Spec): EffectLine[] {
  const last = new Map<string, EffectLine>();
  for (const line of site.journal().filter(movesMoney)) {
    if (/^disputed?_?/.test(line.effect)) last.set(line.parentReference ?? line.providerReference, line);
  }
  const found = [...last.values()].filter(({ effect }) => effect === step).reverse();
  return reference === undefined ? found : found.filter((line) => line.reference === reference);
}

/** One of an earlier day, where there is one that this call has not opened itself. */
function earlier(site: Site, step: string, spec: Spec): EffectLine | undefined {
  return disputesAt(site, step, spec).find((line) => !site.effects.has(String(line.seq)));
}

const chargebackReversed: Planter = (site, spec) => {
  reverse(site, earlier(site, 'disputed', spec) ?? site.effectOf(openDispute(site, spec)));
};

const secondChargeback: Planter = (site, spec) => {
  const again = site.settler.acts.disputeAgain;
  if (again === undefined) throw new CannotPlant('the provider knows no second chargeback');
  const won =
    earlier(site, 'dispute_reversed', spec) ??
    site.effectOf(reverse(site, site.effectOf(openDispute(site, spec))));
  const [line] = site.act((tx) => again(tx, won)) ?? [];
  if (line !== undefined) site.mark(spec.type, line);
};

export const ACTS: Readonly<Record<string, Planter>> = {
  LOST_RESPONSE_CAPTURED: charged((effects) => effects.size === 0, 'no payment was lost on its way here'),
  SETTLED_AFTER_VOID: charged(
    (effects) => effects.has('voided') && !effects.has('captured'),
    'no payment was voided',
  ),
  DECLINED_BUT_SETTLED: charged(
    (effects) => effects.has('declined') && !effects.has('authorized'),
    'no payment was declined',
  ),
  DUPLICATE_CHARGE: duplicateCharge,
  EXTERNAL_REFUND: externalRefund,
  REFUND_FAILED_REVERSED: refundTakenBack,
  CHARGEBACK_NEW: (site, spec) => void openDispute(site, spec),
  CHARGEBACK_REVERSED: chargebackReversed,
  SECOND_CHARGEBACK: secondChargeback,
};
