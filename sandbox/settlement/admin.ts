// The admin server's part of settlement: closing days, the simulator's books, and the bank's statements.
import { z } from 'zod';
import type { Kernel } from '../kernel.ts';
import { statementsOf } from './bank.ts';
import { camt053 } from './camt053.ts';
import { closeDay, type House } from './close.ts';
import { settlementJournal } from './journal.ts';
import { referenceRate } from './money.ts';
import { mt940 } from './mt940.ts';
import { BREAK_TYPES } from './plant/index.ts';
import { type ClosedDay, closedDays } from './store.ts';

const LONGEST_COUNT = 10_000;
const currency = z.string().regex(/^[A-Z]{3}$/);
const businessDate = z.iso.date();

const breakRequest = z.strictObject({
  type: z.enum(BREAK_TYPES),
  count: z.number().int().min(1).max(LONGEST_COUNT).default(1),
  reference: z.string().min(1).optional(),
  amountMinor: z.number().int().positive().optional(),
  currency: currency.optional(),
});

const closingRequest = z
  .strictObject({
    businessDate,
    until: z.iso.datetime({ offset: true }).optional(),
    breaks: z.array(breakRequest).max(100).default([]),
    seed: z.number().int().min(0).max(0xffff_ffff).default(1),
    exchange: z.record(currency, currency).default({}),
  })
  .refine(
    ({ exchange }) => Object.entries(exchange).every(([from, to]) => referenceRate(from, to) !== undefined),
    {
      message: 'the sandbox has no reference rate for that exchange',
      path: ['exchange'],
    },
  );

export interface AdminAnswer {
  status: number;
  body: unknown;
  /** Sent as it is instead of `body`. */
  text?: string;
  contentType?: string;
}

/** Undefined where the path is another's. */
export async function settlementAdmin(
  { kernel, settler }: Pick<House, 'kernel'> & Partial<House>,
  method: string,
  url: URL,
  body: unknown,
): Promise<AdminAnswer | undefined> {
  const [, first, second, third] = url.pathname.split('/').map(decodeURIComponent);
  if (first !== 'bank' && first !== 'settlement') return undefined;
  if (settler === undefined) return { status: 404, body: { error: 'this simulator closes no days' } };
  const house = { kernel, settler };
  if (first === 'bank' && second === 'statements' && method === 'GET') {
    return statement(house, businessDate.parse(third), url.searchParams.get('format') ?? 'camt053');
  }
  if (method === 'POST' && second === undefined) {
    const { until, ...asked } = closingRequest.parse(body);
    const day = closeDay(house, { ...asked, untilMs: until === undefined ? Date.now() : Date.parse(until) });
    await kernel.journal.durable();
    return { status: 200, body: describe(day) };
  }
  if (method !== 'GET') return undefined;
  await kernel.journal.durable();
  if (second === undefined) return { status: 200, body: kernel.store.values(closedDays).map(describe) };
  if (second === 'journal') return { status: 200, body: settlementJournal(kernel, settler) };
  return one(kernel, businessDate.parse(second));
}

function one(kernel: Kernel, date: string): AdminAnswer {
  const day = kernel.store.get(closedDays, date);
  if (day === undefined) return { status: 404, body: { error: `${date} is not closed` } };
  return { status: 200, body: describe(day) };
}

function describe({ businessDate, batch, file, sheet, payouts, planted, unplanted, totals }: ClosedDay) {
  return {
    businessDate,
    file,
    batch,
    rows: sheet.rows.length,
    payout: payouts[0] ?? null,
    payouts,
    planted,
    unplanted,
    journal: totals,
  };
}

function statement({ kernel, settler }: House, date: string, format: string): AdminAnswer {
  const statements = statementsOf(kernel, settler.bankAccount, date);
  if (statements.length === 0) return { status: 404, body: { error: `the bank has nothing for ${date}` } };
  if (format === 'camt053') {
    return {
      status: 200,
      body: null,
      text: camt053(statements),
      contentType: 'application/xml; charset=utf-8',
    };
  }
  if (format === 'mt940') {
    return { status: 200, body: null, text: mt940(statements), contentType: 'text/plain; charset=utf-8' };
  }
  return { status: 400, body: { error: 'format is camt053 or mt940' } };
}
