// Closing a day: everything executed and not settled yet becomes one file, with a payout for each currency.
// A business date is closed once: asked again, the same file is the answer.
import { digits } from '../ids.ts';
import type { Kernel, Transaction } from '../kernel.ts';
import { type BankDraft, book } from './bank.ts';
import { sheetOf } from './csv.ts';
import { type EffectLine, type Line, type LineRules, movesMoney, netOf, totalsOf } from './lines.ts';
import { sum, toNumber } from './money.ts';
import { plantAtTheEnd, plantInLines } from './plant/index.ts';
import { Site, type Spec } from './plant/site.ts';
import { seeded } from './random.ts';
import type { FileFacts, Payout, Settler } from './settler.ts';
import { type ClosedDay, closedDays, publications, type Unplanted } from './store.ts';

export interface ClosingRequest {
  businessDate: string;
  /** Only what was executed by then; epoch milliseconds. */
  untilMs: number;
  breaks: readonly Spec[];
  seed: number;
  /** Processing currencies that are paid out in another one, at the reference rate. */
  exchange: Readonly<Record<string, string>>;
}

export interface House {
  kernel: Kernel;
  settler: Settler;
}

export function closeDay(house: House, request: ClosingRequest): ClosedDay {
  const { kernel, settler } = house;
  const closed = kernel.store.get(closedDays, request.businessDate);
  if (closed !== undefined) return closed;
  const { account, fees, identify } = settler;
  const rules: LineRules = { account, fees, identify, exchanges: request.exchange };
  const site = new Site({
    kernel,
    settler,
    rules,
    businessDate: request.businessDate,
    random: seeded(request.seed),
    effects: unsettled(kernel, request.untilMs),
  });
  const unplanted = plantInLines(site, request.breaks);
  const tx = kernel.begin();
  const day = publish(house, tx, site, request, unplanted);
  tx.put(closedDays, day.businessDate, day);
  kernel.commit(tx);
  return day;
}

/** What moved money and stands in no file yet, less captures that were undone before anybody saw them. */
export function unsettled(kernel: Kernel, untilMs = Number.POSITIVE_INFINITY): EffectLine[] {
  const days = kernel.store.values(closedDays);
  const done = new Set(days.flatMap((day) => [...day.effects, ...day.withheld]));
  const open = kernel.log().filter(movesMoney);
  const due = open.filter((effect) => !done.has(effect.seq) && Date.parse(effect.at) <= untilMs);
  const captured = new Set(operations(due, 'captured'));
  const undone = new Set(operations(due, 'capture_failed').filter((operation) => captured.has(operation)));
  return due.filter((effect) => !(/^capture/.test(effect.effect) && undone.has(effect.providerReference)));
}

function operations(effects: readonly EffectLine[], name: string): string[] {
  return effects.filter(({ effect }) => effect === name).map(({ providerReference }) => providerReference);
}

function publish(
  { kernel, settler }: House,
  tx: Transaction,
  site: Site,
  { businessDate, breaks }: ClosingRequest,
  unplanted: Unplanted[],
): ClosedDay {
  const batch = kernel.store.values(publications).length + 1;
  const payouts = payoutsOf(site);
  const file: FileFacts = { batch, businessDate, payouts };
  unplanted.push(...plantAtTheEnd(site, breaks, payouts, 'file'));
  site.lines.push(...[...payouts.values()].map((payout) => payoutLine(site, payout)));
  site.bank.push(...credits(site, file));
  unplanted.push(...plantAtTheEnd(site, breaks, payouts, 'bank'));
  for (const draft of site.bank) book(tx, settler.bankAccount, draft);
  const published = { batch, businessDate, sheet: sheetOf(settler.layout, site.lines, file) };
  tx.put(publications, String(batch), { batch, businessDate });
  const name = settler.announce(tx, published, false);
  for (let copy = 1; copy <= site.republished; copy += 1) {
    tx.put(publications, String(batch + copy), { batch: batch + copy, businessDate });
    const again = settler.announce(tx, { ...published, batch: batch + copy }, true);
    site.markWhole('DUPLICATE_FILE', { providerReference: again });
  }
  return {
    businessDate,
    batch,
    file: name,
    closedAt: new Date().toISOString(),
    sheet: published.sheet,
    ...site.effectsByFate(),
    payouts: [...payouts.values()].map((each) => ({ ...each, amountMinor: toNumber(each.amountMinor) })),
    totals: totalsOf(site.lines),
    planted: site.planted(),
    unplanted,
  };
}

/** The net of the lines of each settlement currency. */
function payoutsOf({ lines, settler }: Site): Map<string, Payout> {
  const currencies = [...new Set(lines.map((line) => line.settlementCurrency))].sort();
  return new Map(
    currencies.map((currency) => {
      const own = lines.filter((line) => line.settlementCurrency === currency);
      const amountMinor = sum(own.map(netOf));
      const names = { reference: settler.payoutReference(), traceId: digits(15) };
      return [currency, { ...names, amountMinor, currency }];
    }),
  );
}

function payoutLine(site: Site, { reference, amountMinor, currency }: Payout): Line {
  return {
    key: site.inventKey(),
    kind: 'payout',
    at: `${site.businessDate}T12:00:00.000Z`,
    payment: null,
    operation: reference,
    reference: null,
    operationReference: null,
    currency,
    grossMinor: -amountMinor,
    settlementCurrency: currency,
    settledMinor: -amountMinor,
    rateMillionths: null,
    fees: {},
    account: site.settler.account,
  };
}

function credits({ settler, businessDate }: Site, file: FileFacts): BankDraft[] {
  const paid = [...file.payouts.values()].filter(({ amountMinor }) => amountMinor !== 0n);
  return paid.map((payout) => ({
    date: businessDate,
    amountMinor: toNumber(payout.amountMinor),
    currency: payout.currency,
    endToEndId: payout.reference,
    counterparty: settler.payer,
    text: settler.remittance(payout, file),
    reversal: false,
  }));
}
