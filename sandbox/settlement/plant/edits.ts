// Breaks of the file itself: what happened at the provider is right, and what its file says of it is not.

import { type Line, netOf, settle } from '../lines.ts';
import { exchange, rateBetween, rateText, referenceRate, toNumber } from '../money.ts';
import type { Planter } from './acts.ts';
import type { Site } from './site.ts';

const DAY_MS = 86_400_000;
/** Past any allowance that a merchant gives a late capture. */
const LATE_DAYS = 30;
/** Off by this many millionths: 2.5%. */
const RATE_OFF = 25_000n;
const DCC_MARKUP = 30_000n;
const MILLION = 1_000_000n;

/** The same capture with another gross amount, and the fees that go with it. */
function regrossed(site: Site, line: Line, grossMinor: bigint): Line {
  return settle({ ...line, grossMinor }, line.settlementCurrency, line.rateMillionths, site.settler.fees);
}

function changed(change: (site: Site, line: Line, index: number) => Change | undefined): Planter {
  return (site, spec, index) => {
    const found = site.use('capture', spec, (line) => {
      const result = change(site, line, index);
      return result === undefined ? undefined : { line, ...result };
    });
    site.replace(found.line, found.to);
    const expectedMinor = toNumber(found.line.grossMinor);
    site.mark(spec.type, found.to, { expectedMinor, ...(found.detail ? { detail: found.detail } : {}) });
  };
}

interface Change {
  to: Line;
  detail?: string;
}

function leftOut(kind: 'capture' | 'refund', where: 'postponed' | 'withheld'): Planter {
  return (site, spec) => {
    // A refund that the merchant didn't ask for can't be missed.
    const asked = (line: Line) => kind === 'capture' || line.operationReference !== null;
    const line = site.use(kind, spec, (each) => (asked(each) ? each : undefined));
    site.replace(line);
    site[where].push(line);
    site.mark(spec.type, line, { detail: where === 'postponed' ? 'in the next file' : 'in no file' }, false);
  };
}

const missingInLedger: Planter = (site, spec) => {
  const like = site.lines.find((line) => line.kind === 'capture');
  const currency = spec.currency ?? like?.currency ?? 'EUR';
  const invented: Line = {
    key: site.inventKey(),
    kind: 'capture',
    at: like?.at ?? `${site.businessDate}T12:00:00.000Z`,
    ...site.settler.inventIds(),
    reference: spec.reference ?? `elsewhere-${site.inventKey()}`,
    operationReference: null,
    currency,
    grossMinor: BigInt(spec.amountMinor ?? 4_200),
    settlementCurrency: currency,
    settledMinor: 0n,
    rateMillionths: null,
    fees: {},
    account: site.settler.account,
  };
  const line = regrossed(site, invented, invented.grossMinor);
  site.add(line);
  site.mark(spec.type, line);
};

const duplicateLine: Planter = (site, spec) => {
  const line = site.use('capture', spec, (capture) => capture);
  const copy = { ...line };
  site.replace(line, line, copy);
  site.mark(spec.type, copy);
};

/** Unequal parts: equal ones would look like a line that is there twice. */
const split: Planter = (site, spec) => {
  const line = site.use('capture', spec, (capture) => (capture.grossMinor < 10n ? undefined : capture));
  const first = (line.grossMinor * 3n) / 5n;
  const parts = [first, line.grossMinor - first].map((grossMinor, index) => ({
    ...regrossed(site, line, grossMinor),
    key: `${line.key}p${index + 1}`,
  }));
  site.replace(line, ...parts);
  for (const part of parts) site.mark(spec.type, part, { expectedMinor: toNumber(line.grossMinor) });
};

function otherThan(currency: string): string {
  return currency === 'EUR' ? 'USD' : 'EUR';
}

/** The payer chose another currency at the till: it is processed in that one, and settled as if it weren't. */
function dynamicConversion(site: Site, line: Line): Change | undefined {
  const { currency, settlementCurrency } = line;
  const chosen = otherThan(currency);
  const rate = referenceRate(currency, chosen);
  if (rate === undefined || settlementCurrency !== currency) return undefined;
  const offered = (rate * (MILLION + DCC_MARKUP)) / MILLION;
  const grossMinor = exchange(line.grossMinor, currency, chosen, offered);
  const back = rateBetween(grossMinor, chosen, line.grossMinor, currency);
  const to = settle({ ...line, currency: chosen, grossMinor }, currency, back, site.settler.fees);
  return { to, detail: `${currency} was booked, ${chosen} was processed at ${rateText(back)}` };
}

function rateOff(site: Site, line: Line): Change | undefined {
  const target = line.rateMillionths === null ? otherThan(line.currency) : line.settlementCurrency;
  const reference = referenceRate(line.currency, target);
  if (reference === undefined) return undefined;
  const rate = reference + (reference * RATE_OFF) / MILLION;
  const to = settle(line, target, rate, site.settler.fees);
  return { to, detail: `rate ${rateText(rate)}, reference rate ${rateText(reference)}` };
}

const fraction = (line: Line, parts: bigint) => (line.grossMinor / parts < 2n ? 2n : line.grossMinor / parts);

function feeOff(_site: Site, line: Line): Change | undefined {
  const [part, amount] = Object.entries(line.fees)[0] ?? [];
  if (part === undefined || amount === undefined) return undefined;
  const more = amount / 2n < 5n ? 5n : amount / 2n;
  const to = { ...line, fees: { ...line.fees, [part]: amount + more } };
  return { to, detail: `${more} minor units more than the schedule` };
}

/** By turns one minor unit too much, and a hundred times as much. */
function rounding(site: Site, line: Line, index: number): Change {
  const unit = index % 2 === 0;
  const to = regrossed(site, line, unit ? line.grossMinor + 1n : line.grossMinor * 100n);
  return { to, detail: unit ? 'one minor unit' : 'times 100' };
}

function late(site: Site, line: Line): Change | undefined {
  const authorized = site
    .journal()
    .find(({ effect, providerReference }) => effect === 'authorized' && providerReference === line.payment);
  if (authorized === undefined) return undefined;
  const days = site.settler.authorizationDays + LATE_DAYS;
  const at = new Date(Date.parse(authorized.at) + days * DAY_MS).toISOString();
  return { to: { ...line, at }, detail: `presented ${days} days after its authorization` };
}

/** A line about no payment at all. */
function loose(
  kind: 'fee' | 'unmapped' | 'reserve',
  amountsMinor: readonly bigint[],
  words: string,
): Planter {
  return (site, spec, index) => {
    const currency = spec.currency ?? site.lines[0]?.settlementCurrency ?? 'EUR';
    const amount = amountsMinor[index % amountsMinor.length] ?? 0n;
    const line: Line = {
      key: site.inventKey(),
      kind,
      at: site.lines.at(-1)?.at ?? `${site.businessDate}T12:00:00.000Z`,
      payment: null,
      operation: null,
      reference: null,
      operationReference: null,
      currency,
      grossMinor: amount,
      settlementCurrency: currency,
      settledMinor: amount,
      rateMillionths: null,
      fees: {},
      account: site.settler.account,
      description: `${words} ${site.businessDate}`,
    };
    site.add(line);
    site.mark(spec.type, line, { amountMinor: toNumber(netOf(line)), detail: words });
  };
}

export const EDITS: Readonly<Record<string, Planter>> = {
  MISSING_IN_FILE_TIMING: leftOut('capture', 'postponed'),
  MISSING_IN_FILE_OVERDUE: leftOut('capture', 'withheld'),
  REFUND_NOT_SETTLED: leftOut('refund', 'withheld'),
  MISSING_IN_LEDGER: missingInLedger,
  DUPLICATE_LINE: duplicateLine,
  PARTIAL_CAPTURE_SPLIT: split,
  AMOUNT_OVER: changed((site, line) => ({
    to: regrossed(site, line, line.grossMinor + fraction(line, 8n)),
  })),
  AMOUNT_UNDER: changed((site, line) =>
    line.grossMinor < 10n ? undefined : { to: regrossed(site, line, line.grossMinor - fraction(line, 8n)) },
  ),
  CURRENCY_MISMATCH: changed(dynamicConversion),
  FX_RATE_VARIANCE: changed(rateOff),
  ROUNDING_EXPONENT: changed(rounding),
  FEE_VARIANCE: changed(feeOff),
  UNEXPECTED_FEE_TYPE: loose('unmapped', [-175n, -210n], 'Terminal surcharge'),
  BATCH_FEE_UNALLOCATED: loose('fee', [-180n, -95n], 'Transaction fees'),
  RESERVE_MOVEMENT: loose('reserve', [-500n, 500n], 'Rolling reserve'),
  LATE_PRESENTMENT: changed(late),
  WRONG_MERCHANT_ACCOUNT: changed((_site, line) => ({ to: { ...line, account: `${line.account}Other` } })),
};
