import type { Mode } from '../domain/ids.ts';
import { type CountedDecline, REMEMBERED_MS, SCHEME_BUDGETS } from '../domain/routing/declines/index.ts';
import type { CardFunding, CustomerHistory } from '../domain/routing/facts.ts';
import { type Db, poolOf } from './client.ts';
import { Prisma } from './generated/client.ts';
import { query } from './sql.ts';

/** What a route needs to know of the payer: the card, the consent behind it, their history, and what was declined. */
export interface PayerFacts {
  readonly brand: string;
  readonly bin: string;
  readonly country?: string;
  readonly funding?: CardFunding;
  /** The latest consent of its holder to be charged without being there. */
  readonly mandate?: Mandate;
  readonly history?: CustomerHistory;
  /** Of the last 30 days, those that the card's network counts together with this payment. */
  readonly declines: readonly CountedDecline[];
}

export interface Mandate {
  readonly usage: 'recurring' | 'unscheduled';
  readonly networkTransactionId: string;
}

export interface PayerQuestion {
  readonly merchantId: string;
  readonly mode: Mode;
  readonly paymentMethodId: string | undefined;
  /** Absent: whoever the payment method belongs to. */
  readonly customerId?: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly merchantInitiated: boolean;
}

interface Row {
  readonly brand: string;
  readonly bin: string;
  readonly country: string | null;
  readonly funding: CardFunding | null;
  readonly mandate: Mandate | null;
  readonly history: { succeeded: number; failed: number; firstSeenMs: number } | null;
  readonly declines: readonly { at: number; network: string | null; advice: string | null }[] | null;
}

/** Networks for which the amount is part of what makes two tries one. */
const BY_AMOUNT = Object.entries(SCHEME_BUDGETS)
  .filter(([, { counts }]) => counts === 'same_amount')
  .map(([brand]) => brand);

/** More than any network allows: what is beyond has used the budget up anyway. */
const DECLINES_AT_MOST = 100;

/** Every routed payment reads it, so it is counted no further: policies ask who is new, not who is the most loyal. */
export const HISTORY_AT_MOST = 1_000;

/** One read for everything. Undefined where the payment method is not this merchant's. */
export async function loadPayerFacts(db: Db, question: PayerQuestion): Promise<PayerFacts | undefined> {
  const { merchantId, mode, paymentMethodId, amountMinor, currency, merchantInitiated } = question;
  if (paymentMethodId === undefined) return undefined;
  const rows = await query<Row>(
    poolOf(db),
    Prisma.sql`
    SELECT m.brand, m.bin, m.country, m.funding,
      (SELECT jsonb_build_object('usage', n.usage, 'networkTransactionId', n.network_transaction_id) FROM mandate n
        WHERE n.payment_method_id = m.id AND n.merchant_id = m.merchant_id AND n.mode = m.mode
          AND n.status = 'active' ORDER BY n.created_at DESC LIMIT 1) AS mandate,
      (SELECT jsonb_build_object('firstSeenMs', floor(extract(epoch FROM c.created_at) * 1000),
          'succeeded', (SELECT count(*) FROM (SELECT 1 FROM payment p
            WHERE p.customer_id = c.id AND p.status = 'succeeded' LIMIT ${HISTORY_AT_MOST}::int) s),
          'failed', (SELECT count(*) FROM (SELECT 1 FROM payment p
            WHERE p.customer_id = c.id AND p.status = 'failed' LIMIT ${HISTORY_AT_MOST}::int) f))
        FROM customer c
        WHERE c.id = coalesce(${question.customerId ?? null}, m.customer_id) AND c.merchant_id = m.merchant_id AND c.mode = m.mode) AS history,
      (SELECT jsonb_agg(jsonb_build_object('at', floor(extract(epoch FROM d.declined_at) * 1000),
          'network', d.network_code, 'advice', d.advice_code)) FROM (
        SELECT * FROM card_decline e WHERE e.fingerprint = m.fingerprint AND e.mode = m.mode
          AND e.declined_at > clock_timestamp() - ${REMEMBERED_MS} * interval '1 millisecond'
          AND (m.brand <> ALL(${BY_AMOUNT}::text[]) OR (e.amount_minor = ${amountMinor}::bigint
            AND e.currency = ${currency} AND e.merchant_initiated = ${merchantInitiated}::boolean))
        ORDER BY e.declined_at DESC LIMIT ${DECLINES_AT_MOST}::int) d) AS declines
    FROM payment_method m WHERE m.id = ${paymentMethodId} AND m.merchant_id = ${merchantId} AND m.mode = ${mode}`,
  );
  return rows[0] === undefined ? undefined : toFacts(rows[0]);
}

function toFacts({ brand, bin, country, funding, mandate, history, declines }: Row): PayerFacts {
  return {
    brand,
    bin,
    ...(country === null ? {} : { country }),
    ...(funding === null ? {} : { funding }),
    ...(mandate === null ? {} : { mandate }),
    ...(history === null ? {} : { history: toHistory(history) }),
    declines: (declines ?? []).map(({ at, network, advice }) => ({
      atMs: at,
      ...(network === null ? {} : { networkCode: network }),
      ...(advice === null ? {} : { adviceCode: advice }),
    })),
  };
}

function toHistory({ succeeded, failed, firstSeenMs }: NonNullable<Row['history']>): CustomerHistory {
  return { paymentsSucceeded: succeeded, paymentsFailed: failed, firstSeenMs };
}
