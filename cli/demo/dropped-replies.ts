import { z } from 'zod';
import type { Merchant } from './merchant.ts';
import { pay, type Sale, sold } from './pay.ts';
import { ended } from './refund-scenarios.ts';
import type { FaultScenario } from './stage.ts';
import type { Tried } from './tried.ts';

/**
 * Each of the four operations at both providers: executed, and the reply never came. Asked for by cardholder's
 * name, as anyone may ask the sandboxes who can only send a payment.
 */
interface Dropped extends Sale {
  readonly name: string;
  /** The operation whose reply is dropped. */
  readonly on: 'authorize' | 'capture' | 'void' | 'refund';
  readonly mode?: 'truncate';
}

const SALES: readonly Dropped[] = [
  { name: 'charged, reply dropped: not charged again', on: 'authorize', amount: 4_400, currency: 'USD' },
  { name: 'authorized, reply dropped: same key again', on: 'authorize', amount: 4_500, currency: 'EUR' },
  {
    name: 'captured, reply dropped: captured once',
    on: 'capture',
    amount: 4_700,
    currency: 'USD',
    command: 'capture',
  },
  {
    name: 'captured, reply cut in half: captured once',
    on: 'capture',
    amount: 4_600,
    currency: 'EUR',
    mode: 'truncate',
  },
  { name: 'voided, reply dropped: voided once', on: 'void', amount: 4_800, currency: 'USD', command: 'void' },
  { name: 'voided, reply dropped: voided once', on: 'void', amount: 4_900, currency: 'EUR', command: 'void' },
  { name: 'refunded, reply dropped: refunded once', on: 'refund', amount: 5_000, currency: 'USD' },
  { name: 'refunded, reply dropped: refunded once', on: 'refund', amount: 5_100, currency: 'EUR' },
];

export const droppedReplies: FaultScenario = ({ merchant }) =>
  Promise.all(SALES.map((sale) => dropped(merchant, sale)));

async function dropped(merchant: Merchant, sale: Dropped): Promise<Tried> {
  const startedMs = performance.now();
  const holder = `SANDBOX ${sale.mode ?? 'reset_after_commit'} on ${sale.on}`;
  const refund = { amount: sale.amount - 100, status: 'succeeded' };
  const refunds = sale.on === 'refund' ? [refund] : [];
  const paid = await pay(merchant, { ...sale, holder, expected: { ...sold(sale), refunds } });
  const problems = [...paid.problems];
  if (sale.on === 'refund') {
    const answer = await merchant.refund(paid.payment.id, { amount: refund.amount });
    problems.push(...(await ended(merchant, answer, refund)));
  }
  if (!(await wasUnknown(merchant, paid.payment.id, sale.on))) problems.push('no reply was dropped');
  return { ...paid, problems, elapsedMs: performance.now() - startedMs };
}

const createdSchema = z.object({ kind: z.string() });
const observedSchema = z.object({ operation: z.string(), outcome: z.object({ type: z.string() }) });

/** Whether the timeline says that the operation's own answer was lost; else nothing would have been tried. */
async function wasUnknown(merchant: Merchant, paymentId: string, on: Dropped['on']): Promise<boolean> {
  const kinds: readonly string[] = on === 'authorize' ? ['authorize', 'sale'] : [on];
  const entries = await merchant.timeline(paymentId);
  const ours = entries
    .filter(({ type }) => type === 'operation.created')
    .filter(({ details }) => kinds.includes(createdSchema.parse(details).kind));
  return entries
    .filter(({ type }) => type === 'observation.made')
    .map(({ details }) => observedSchema.parse(details))
    .some(({ operation, outcome }) => outcome.type === 'unknown' && ours.some(({ id }) => id === operation));
}
