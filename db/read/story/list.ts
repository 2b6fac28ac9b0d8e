import type { Mode } from '../../../domain/ids.ts';
import type { PaymentStatus } from '../../../domain/payment/states.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { bounded } from '../queues/bounded.ts';

/** Payments as operators list them: any merchant's, the newest first. */
export interface PaymentListFilter {
  readonly limit: number;
  readonly after?: ListCursor;
  readonly merchantId?: string;
  readonly mode?: Mode;
  readonly status?: readonly PaymentStatus[];
  /** Of any attempt. */
  readonly provider?: string;
  readonly reference?: string;
  readonly customerId?: string;
  readonly currency?: string;
  readonly amountFromMinor?: number;
  readonly amountToMinor?: number;
  /** Epoch milliseconds, inclusive. */
  readonly createdFromMs?: number;
  /** Epoch milliseconds, exclusive. */
  readonly createdBeforeMs?: number;
  /** Held for a person, or with an exception that is open. */
  readonly needsAttention?: boolean;
}

/** Where a page ended; it stays right whatever is created meanwhile. */
export interface ListCursor {
  readonly createdAtMs: number;
  readonly id: string;
}

export interface ListedPayment {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly status: string;
  readonly amountMinor: number;
  readonly amountCapturedMinor: number;
  readonly amountRefundedMinor: number;
  readonly currency: string;
  readonly reference?: string;
  readonly customerId?: string;
  readonly card?: string;
  readonly failureCode?: string;
  readonly providers: readonly string[];
  readonly openExceptions: number;
  readonly createdAt: Date;
}

export interface PaymentLister {
  list(filter: PaymentListFilter): Promise<{
    readonly payments: readonly ListedPayment[];
    readonly hasMore: boolean;
  }>;
}

export function createPaymentLister(db: Db): PaymentLister {
  return {
    async list(filter) {
      const payments = await listed(
        db,
        conditionsOf(filter),
        Prisma.sql`ORDER BY p.created_at DESC, p.id DESC LIMIT ${filter.limit + 1}::int`,
      );
      return { payments: payments.slice(0, filter.limit), hasMore: payments.length > filter.limit };
    },
  };
}

interface Row {
  readonly id: string;
  readonly merchant_id: string;
  readonly mode: string;
  readonly status: string;
  readonly amount_minor: string;
  readonly amount_captured_minor: string;
  readonly refunded_minor: string;
  readonly currency: string;
  readonly reference: string | null;
  readonly customer_id: string | null;
  readonly card: string | null;
  readonly failure_code: string | null;
  readonly providers: readonly string[] | null;
  readonly open_exceptions: number;
  readonly created_at: Date;
}

/** Payments that a condition on `payment p` names. What stands beside each is looked up for the page's rows only. */
export async function listed(db: Db, condition: Prisma.Sql, tail: Prisma.Sql): Promise<ListedPayment[]> {
  const rows = await bounded<Row>(
    db,
    Prisma.sql`
      WITH page AS (SELECT p.* FROM payment p WHERE ${condition} ${tail})
      SELECT p.id, p.merchant_id, p.mode, p.status, p.amount_minor, p.amount_captured_minor, p.currency, p.reference,
        p.customer_id, p.failure->>'code' AS failure_code, p.created_at,
        (SELECT b.refunded_minor + b.external_refunded_minor FROM payment_balance b WHERE b.payment_id = p.id) AS refunded_minor,
        (SELECT m.brand || ' ' || m.last4 FROM payment_method m WHERE m.id = p.payment_method_id) AS card,
        (SELECT array_agg(a.provider ORDER BY a.number) FROM attempt a WHERE a.payment_id = p.id) AS providers,
        (SELECT count(*)::int FROM exception x WHERE x.payment_id = p.id AND x.closed_at IS NULL) AS open_exceptions
      FROM page p ORDER BY p.created_at DESC, p.id DESC`,
  );
  return rows.map((row) => ({
    id: row.id,
    merchantId: row.merchant_id,
    mode: row.mode,
    status: row.status,
    amountMinor: Number(row.amount_minor),
    amountCapturedMinor: Number(row.amount_captured_minor),
    amountRefundedMinor: Number(row.refunded_minor),
    currency: row.currency,
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.customer_id === null ? {} : { customerId: row.customer_id }),
    ...(row.card === null ? {} : { card: row.card }),
    ...(row.failure_code === null ? {} : { failureCode: row.failure_code }),
    providers: row.providers ?? [],
    openExceptions: row.open_exceptions,
    createdAt: row.created_at,
  }));
}

function conditionsOf(filter: PaymentListFilter): Prisma.Sql {
  const { after, createdFromMs, createdBeforeMs, status } = filter;
  const wanted: (Prisma.Sql | undefined)[] = [
    ifGiven(
      after,
      ({ createdAtMs, id }) => Prisma.sql`(p.created_at, p.id) < (${new Date(createdAtMs)}, ${id})`,
    ),
    ifGiven(filter.merchantId, (id) => Prisma.sql`p.merchant_id = ${id}`),
    ifGiven(filter.mode, (mode) => Prisma.sql`p.mode = ${mode}`),
    ifGiven(status, (any) =>
      any.length === 1
        ? Prisma.sql`p.status = ${any[0] ?? ''}`
        : Prisma.sql`p.status = ANY(${[...any]}::text[])`,
    ),
    ifGiven(filter.reference, (reference) => Prisma.sql`p.reference = ${reference}`),
    ifGiven(filter.customerId, (id) => Prisma.sql`p.customer_id = ${id}`),
    ifGiven(filter.currency, (currency) => Prisma.sql`p.currency = ${currency}`),
    ifGiven(filter.amountFromMinor, (amount) => Prisma.sql`p.amount_minor >= ${amount}::bigint`),
    ifGiven(filter.amountToMinor, (amount) => Prisma.sql`p.amount_minor <= ${amount}::bigint`),
    ifGiven(createdFromMs, (at) => Prisma.sql`p.created_at >= ${new Date(at)}`),
    ifGiven(createdBeforeMs, (at) => Prisma.sql`p.created_at < ${new Date(at)}`),
    ifGiven(
      filter.provider,
      (provider) =>
        Prisma.sql`EXISTS (SELECT 1 FROM attempt a WHERE a.payment_id = p.id AND a.provider = ${provider})`,
    ),
    ifGiven(filter.needsAttention === true ? true : undefined, () => NEEDS_ATTENTION),
  ];
  const given = wanted.filter((each) => each !== undefined);
  return given.length === 0 ? Prisma.sql`true` : Prisma.join(given, ' AND ');
}

/** A set that is gathered from two indexes: over the exceptions that are open, and over payments' statuses. */
const NEEDS_ATTENTION = Prisma.sql`p.id IN (
  SELECT x.payment_id FROM exception x WHERE x.closed_at IS NULL AND x.payment_id IS NOT NULL
  UNION SELECT r.id FROM payment r WHERE r.status = 'requires_review')`;

function ifGiven<T>(value: T | undefined, condition: (value: T) => Prisma.Sql): Prisma.Sql | undefined {
  return value === undefined ? undefined : condition(value);
}
