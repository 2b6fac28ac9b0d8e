// Which break is planted when: what happens at the provider first, then the file's lines, then its end and the bank.
import { toNumber } from '../money.ts';
import type { Payout } from '../settler.ts';
import type { Unplanted } from '../store.ts';
import { ACTS, type Planter } from './acts.ts';
import { EDITS } from './edits.ts';
import { CannotPlant, type Site, type Spec } from './site.ts';

/** Payouts as they will be published, by settlement currency; changed in place. */
type Ending = (site: Site, spec: Spec, index: number, payouts: Map<string, Payout>) => void;

const ENDINGS: Readonly<Record<string, Ending>> = {
  BATCH_TOTAL_BREAK(site, spec, index, payouts) {
    const payout = nth(payouts, index);
    const amountMinor = payout.amountMinor + 100n;
    payouts.set(payout.currency, { ...payout, amountMinor });
    const expectedMinor = toNumber(payout.amountMinor);
    site.markPayout(spec.type, payout, { amountMinor: toNumber(amountMinor), expectedMinor });
  },
  DUPLICATE_FILE(site) {
    site.republished += 1;
  },
};

/** By turns less than was paid out, and sent back whole. */
const bankMismatch: Ending = (site, spec, index, payouts) => {
  const payout = nth(payouts, index);
  const draft = site.bank.find((entry) => entry.endToEndId === payout.reference);
  if (draft === undefined) throw new CannotPlant('a payout of nothing reaches no bank');
  const expectedMinor = toNumber(payout.amountMinor);
  const returned = index % 2 === 1;
  if (returned) {
    site.bank.push({ ...draft, amountMinor: -draft.amountMinor, reversal: true });
  } else {
    draft.amountMinor -= Math.sign(draft.amountMinor) * Math.min(250, Math.abs(draft.amountMinor) - 1);
  }
  const detail = returned ? 'returned' : 'short';
  const amountMinor = returned ? 0 : draft.amountMinor;
  site.markPayout(spec.type, payout, { amountMinor, expectedMinor, detail });
};

const unidentifiedCredit: Ending = (site, spec, index, payouts) => {
  const currency = spec.currency ?? [...payouts.keys()][0] ?? 'EUR';
  const amountMinor = spec.amountMinor ?? 12_345 + index * 100;
  const text = `Invoice ${4711 + index}`;
  site.bank.push({
    date: site.businessDate,
    amountMinor,
    currency,
    endToEndId: null,
    counterparty: 'Unknown Sender BV',
    text,
    reversal: false,
  });
  site.markWhole(spec.type, { amountMinor, currency, detail: text });
};

const BANK: Readonly<Record<string, Ending>> = {
  PAYOUT_BANK_MISMATCH: bankMismatch,
  UNIDENTIFIED_BANK_CREDIT: unidentifiedCredit,
};

/** Every break that can be asked for, in the order in which they are planted. */
export const BREAK_TYPES = [ACTS, EDITS, ENDINGS, BANK].flatMap((table) => Object.keys(table));

function nth(payouts: ReadonlyMap<string, Payout>, index: number): Payout {
  const payout = [...payouts.values()][index];
  if (payout === undefined)
    throw new CannotPlant('each payout of this day is spoiled already, or there is none');
  return payout;
}

/** Plants what is wanted and possible, and says what wasn't. */
function plantAll<T>(
  site: Site,
  specs: readonly Spec[],
  tables: Readonly<Record<string, T>>,
  plant: (planter: T, spec: Spec, index: number) => void,
): Unplanted[] {
  const unplanted: Unplanted[] = [];
  for (const spec of specs) {
    const planter = tables[spec.type];
    if (planter === undefined) continue;
    for (let index = 0; index < spec.count; index += 1) {
      try {
        const why = site.settler.cannotShow[spec.type];
        if (why !== undefined) throw new CannotPlant(why);
        plant(planter, spec, index);
      } catch (error) {
        if (!(error instanceof CannotPlant)) throw error;
        unplanted.push({ type: spec.type, count: spec.count - index, why: error.message });
        break;
      }
    }
  }
  return unplanted;
}

/** The tables one after the other, whatever order was asked for: a spoiled line must not be acted upon. */
export function plantInLines(site: Site, specs: readonly Spec[]): Unplanted[] {
  const run = (planter: Planter, spec: Spec, index: number) => planter(site, spec, index);
  return [...plantAll(site, specs, ACTS, run), ...plantAll(site, specs, EDITS, run)];
}

export function plantAtTheEnd(
  site: Site,
  specs: readonly Spec[],
  payouts: Map<string, Payout>,
  where: 'file' | 'bank',
): Unplanted[] {
  const table = where === 'file' ? ENDINGS : BANK;
  return plantAll(site, specs, table, (ending, spec, index) => ending(site, spec, index, payouts));
}
