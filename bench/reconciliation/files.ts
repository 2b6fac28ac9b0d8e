import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MismatchType } from '../../domain/reconciliation/names.ts';
import type { BankEntry, Statement } from '../../sandbox/settlement/bank.ts';
import { mt940 } from '../../sandbox/settlement/mt940.ts';
import { FIRST_FROM, FIRST_LINES, isRefundedIn, type Plan } from './plan.ts';
import { COLUMNS, captureOf, looseRecord, type Record, refundOf, textOf } from './record.ts';
import { ACCOUNT, MERCHANT_ACCOUNT } from './world.ts';

const HEADER = `${COLUMNS.join(',')}\n`;
const [FIRST_BATCH, BROKEN_BATCH, BIG_BATCH] = [7, 8, 100];
const CHUNK_CHARACTERS = 262_144;

/** The files of two days, and what must be found in them. */
export interface Files {
  readonly first: string;
  /** In the order in which they come on the second day. */
  readonly again: string;
  readonly broken: string;
  readonly big: string;
  readonly statement: string;
  readonly truth: Truth;
}

export interface Truth {
  /** By the line of the big file. */
  readonly lines: ReadonlyMap<number, MismatchType>;
  readonly bookings: ReadonlyMap<string, MismatchType>;
  /** Ids of payouts that the bank credited with less. */
  readonly payouts: ReadonlySet<string>;
  readonly strayCredits: number;
}

interface Payout {
  readonly reference: string;
  readonly amountMinor: number;
}

export async function writeFiles(folder: string, plan: Plan): Promise<Files> {
  const at = (name: string) => join(folder, name);
  const first = Array.from({ length: FIRST_LINES }, (_, index) => captureOf(FIRST_FROM + index));
  const paid = first.reduce((sum, { netMinor }) => sum + netMinor, 0);
  const firstRecords = [...first, payoutRecord(FIRST_BATCH, paid)];
  writeFileSync(at('first.csv'), HEADER + firstRecords.map((each) => textOf(each, FIRST_BATCH)).join(''));
  writeFileSync(
    at('again.csv'),
    HEADER + firstRecords.map((each) => textOf(each, FIRST_BATCH, 'sent again')).join(''),
  );
  // A payout of more than its lines come to.
  const broken = [
    looseRecord('Fee', -100, 'Fees'),
    looseRecord('Fee', -200, 'Fees'),
    payoutRecord(BROKEN_BATCH, 1_000),
  ];
  writeFileSync(at('broken.csv'), HEADER + broken.map((each) => textOf(each, BROKEN_BATCH)).join(''));
  const { payouts, lines } = await writeBigFile(at('big.csv'), plan);
  const credited = payouts.map((payout, index) => ({ ...payout, isShort: index < plan.shortCredits }));
  const all = [...credited, { reference: payoutReference(FIRST_BATCH), amountMinor: paid, isShort: false }];
  writeFileSync(at('statement.sta'), mt940([statementOf(all, plan.strayCredits)]));
  return {
    first: at('first.csv'),
    again: at('again.csv'),
    broken: at('broken.csv'),
    big: at('big.csv'),
    statement: at('statement.sta'),
    truth: {
      lines,
      bookings: new Map(
        plan.plants.flatMap(({ missing }) =>
          missing === undefined ? [] : [[missing.bookingId, missing.expects] as const],
        ),
      ),
      payouts: new Set(
        credited.filter(({ isShort }) => isShort).map(({ reference }) => `po_${ACCOUNT}_${reference}_EUR`),
      ),
      strayCredits: plan.strayCredits,
    },
  };
}

function payoutReference(batch: number): string {
  return `TX${String(batch).padStart(10, '0')}XT`;
}

function payoutRecord(batch: number, amountMinor: number): Record {
  const text = `${payoutReference(batch)} batch ${batch}, ${MERCHANT_ACCOUNT} batch ${batch}, ${MERCHANT_ACCOUNT}`;
  return looseRecord('MerchantPayout', -amountMinor, text);
}

async function writeBigFile(path: string, plan: Plan) {
  const stream = createWriteStream(path);
  const lines = new Map<number, MismatchType>();
  const payouts: Payout[] = [];
  const perBatch = Math.ceil(plan.rows / plan.batches);
  let text = HEADER;
  // Counted as editors do: the header is line 1.
  let line = 1;
  let batch = BIG_BATCH;
  let net = 0;
  const put = (record: Record, expects?: MismatchType) => {
    line += 1;
    net += record.netMinor;
    text += textOf(record, batch);
    if (expects !== undefined) lines.set(line, expects);
  };
  const endBatch = () => {
    payouts.push({ reference: payoutReference(batch), amountMinor: net });
    put(payoutRecord(batch, net));
    batch += 1;
    net = 0;
  };
  for (const records of unitsOf(plan)) {
    for (const { record, expects } of records) put(record, expects);
    if (line - 1 >= (payouts.length + 1) * perBatch - 1 && payouts.length < plan.batches - 1) endBatch();
    if (text.length < CHUNK_CHARACTERS) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  endBatch();
  stream.end(text);
  await once(stream, 'finish');
  if (line - 1 !== plan.rows)
    throw new Error(`the file has ${line - 1} lines where ${plan.rows} were planned`);
  return { payouts, lines };
}

/** Clean payments in their order, and what is planted scattered among them. */
function* unitsOf(
  plan: Plan,
): Generator<readonly { readonly record: Record; readonly expects?: MismatchType }[]> {
  const spread = plan.clean / (plan.plants.length + 1);
  let planted = 0;
  for (let index = 1; index <= plan.clean; index += 1) {
    yield [{ record: captureOf(index) }];
    if (isRefundedIn(plan, index)) yield [{ record: refundOf(index) }];
    while (planted < plan.plants.length && index >= (planted + 1) * spread) {
      yield plan.plants[planted]?.records ?? [];
      planted += 1;
    }
  }
  for (; planted < plan.plants.length; planted += 1) yield plan.plants[planted]?.records ?? [];
}

const SHORT_MINOR = 250;
const BANK = { account: 'NL59SAND0000000034', date: '2026-11-20', currency: 'EUR' };

function statementOf(
  payouts: readonly (Payout & { readonly isShort: boolean })[],
  strayCredits: number,
): Statement {
  const entry = (
    number: number,
    amountMinor: number,
    more: Pick<BankEntry, 'endToEndId' | 'text'>,
  ): BankEntry => ({
    ...BANK,
    id: `SB${number}`,
    reference: `SB${String(number).padStart(12, '0')}`,
    amountMinor,
    counterparty: 'ADYEN NV',
    reversal: false,
    ...more,
  });
  const entries = payouts.map(({ reference, amountMinor, isShort }, index) =>
    entry(index, amountMinor - (isShort ? SHORT_MINOR : 0), { endToEndId: reference, text: reference }),
  );
  for (let index = 0; index < strayCredits; index += 1)
    entries.push(entry(1_000 + index, 4_711 + index, { endToEndId: null, text: `KIOSK ${index}` }));
  const sum = entries.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);
  return { ...BANK, number: 324, openingMinor: 0n, closingMinor: sum, entries };
}
