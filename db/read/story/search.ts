import { paymentIdIn } from '../../../domain/trace.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { bounded } from '../queues/bounded.ts';
import { branch } from './branch.ts';
import { type ListedPayment, listed } from './list.ts';
import { prefixBranches } from './search-prefix.ts';

/**
 * One box that takes any id. Exact matches of every kind come first, then what begins so. Each branch enters an index and is
 * cut; what an id says by its spelling is not looked for anywhere else.
 */
export interface SearchHit {
  /** What kind of thing matched, e.g. `order_reference`. */
  readonly matched: string;
  /** Its own value, as it is stored. */
  readonly value: string;
  readonly exact: boolean;
  readonly payment?: ListedPayment;
  /** Where there is no payment, or besides it: what it leads to. */
  readonly target?: { readonly type: 'exception' | 'endpoint' | 'customer' | 'file'; readonly id: string };
}

export interface PaymentSearch {
  search(text: string, limit: number): Promise<readonly SearchHit[]>;
}

/** What a question is made of, beside the text itself: `4242 12.50 2026-11-21`. */
interface CardQuestion {
  readonly last4: string;
  /** In the currency's own decimals, which the row's currency decides. */
  readonly amount?: string;
  readonly day?: string;
}

/** A row of a branch: which payment, or which other thing, and by what. */
interface Found {
  readonly matched: string;
  readonly value: string;
  readonly payment_id: string | null;
  readonly target_type: string | null;
  readonly target_id: string | null;
}

const MOST = 200;
/** A card's last four are shared by many: only the latest of them are looked through. */
const MOST_CARDS = 2_000;

export function createPaymentSearch(db: Db): PaymentSearch {
  return {
    async search(text, limit) {
      const asked = text.trim();
      if (asked === '' || asked.length > MOST) return [];
      const exact = await bounded<Found>(db, union(exactBranches(asked, limit)));
      // Whoever typed a whole id is not shown what else begins so.
      const prefix =
        exact.length > 0 || asked.length < 3
          ? []
          : await bounded<Found>(db, union(prefixBranches(asked, limit)));
      const found = [
        ...exact.map((row) => ({ row, exact: true })),
        ...prefix.map((row) => ({ row, exact: false })),
      ].slice(0, limit);
      const ids = [...new Set(found.flatMap(({ row }) => row.payment_id ?? []))];
      const payments =
        ids.length === 0 ? [] : await listed(db, Prisma.sql`p.id = ANY(${ids}::text[])`, Prisma.empty);
      const byId = new Map(payments.map((each) => [each.id, each] as const));
      return found.flatMap(({ row, exact: isExact }) => hitOf(row, isExact, byId));
    },
  };
}

function hitOf(row: Found, exact: boolean, payments: ReadonlyMap<string, ListedPayment>): SearchHit[] {
  const payment = row.payment_id === null ? undefined : payments.get(row.payment_id);
  const target =
    row.target_type === null || row.target_id === null
      ? undefined
      : { type: row.target_type as NonNullable<SearchHit['target']>['type'], id: row.target_id };
  if (payment === undefined && target === undefined) return [];
  return [
    {
      matched: row.matched,
      value: row.value,
      exact,
      ...(payment === undefined ? {} : { payment }),
      ...(target === undefined ? {} : { target }),
    },
  ];
}

function union(branches: readonly Prisma.Sql[]): Prisma.Sql {
  return Prisma.join(
    branches.map((branch) => Prisma.sql`(${branch})`),
    ' UNION ALL ',
  );
}

const NONE = Prisma.sql`NULL`;

/** A table whose `column` is the text, and the payment that its row names. */
function column(
  matched: string,
  table: string,
  name: string,
  paymentColumn: string,
  asked: string,
  limit: number,
): Prisma.Sql {
  const value = Prisma.raw(`t."${name}"`);
  return branch({
    matched,
    value,
    payment: Prisma.raw(`t."${paymentColumn}"`),
    from: Prisma.sql`${Prisma.raw(`"${table}"`)} t WHERE ${value} = ${asked}`,
    limit,
  });
}

function exactBranches(asked: string, limit: number): Prisma.Sql[] {
  const branches: Prisma.Sql[] = [];
  const spelled = spelledPayment(asked);
  if (spelled !== undefined) {
    branches.push(
      branch({
        matched: spelled.matched,
        value: Prisma.sql`${asked}`,
        payment: Prisma.sql`t.id`,
        from: Prisma.sql`payment t WHERE t.id = ${spelled.id}`,
        limit: 1,
      }),
    );
  }
  branches.push(...idBranches(asked, limit));
  const card = cardQuestion(asked);
  return [
    ...branches,
    column('order_reference', 'payment', 'reference', 'id', asked, limit),
    column('refund_reference', 'refund', 'reference', 'payment_id', asked, limit),
    column('provider_reference', 'attempt', 'provider_reference', 'payment_id', asked, limit),
    column('provider_reference', 'operation', 'provider_reference', 'payment_id', asked, limit),
    column('provider_reference', 'external_refund', 'provider_reference', 'payment_id', asked, limit),
    column('settlement_reference', 'booking', 'operation_reference', 'payment_id', asked, limit),
    column('provider_event', 'inbox', 'provider_event_id', 'payment_id', asked, limit),
    ...customerBranches(asked, limit),
    payoutBranch(asked, limit),
    // Four digits are many cards' last, and may be the one reference that is looked for: cards take what room is left.
    ...(card === undefined ? [] : [cardBranch(card, limit)]),
  ];
}

/** A payment that the id itself names: its own, its attempts', its operations', its workflow's. */
function spelledPayment(asked: string): { readonly matched: string; readonly id: string } | undefined {
  const id = paymentIdIn(asked);
  if (id === undefined) return undefined;
  if (asked === id) return { matched: 'payment', id };
  if (asked.includes('/')) return { matched: 'workflow', id };
  return { matched: asked.startsWith('att_') ? 'attempt' : 'operation', id };
}

/** Ids whose rows know the payment, by their prefixes. */
function idBranches(asked: string, limit: number): Prisma.Sql[] {
  const refund = /^(?:refund\/)?(ref_[a-z2-7]{26})(?:\/g\d+)?$/.exec(asked)?.[1];
  const exception = /^(?:case\/)?(exc_.+)$/.exec(asked)?.[1];
  const endpoint = /^delivery\/(.+)$/.exec(asked)?.[1] ?? (asked.startsWith('we_') ? asked : undefined);
  return [
    ...(refund === undefined ? [] : [column('refund', 'refund', 'id', 'payment_id', refund, 1)]),
    ...(asked.startsWith('evt_') ? [column('event', 'outbox', 'id', 'payment_id', asked, 1)] : []),
    ...(asked.startsWith('res_') ? [column('resolution', 'resolution', 'id', 'payment_id', asked, 1)] : []),
    ...(asked.startsWith('man_') ? [column('mandate', 'mandate', 'id', 'payment_id', asked, 1)] : []),
    ...(asked.startsWith('req_') ? [requestBranch(asked)] : []),
    ...(asked.startsWith('hreq_') ? httpRequestBranches(asked, limit) : []),
    ...(asked.startsWith('pm_')
      ? [column('payment_method', 'payment', 'payment_method_id', 'id', asked, limit)]
      : []),
    ...(exception === undefined
      ? []
      : [
          branch({
            matched: 'exception',
            value: Prisma.sql`t.id`,
            payment: Prisma.sql`t.payment_id`,
            from: Prisma.sql`exception t WHERE t.id = ${exception}`,
            target: { type: 'exception', id: Prisma.sql`t.id` },
            limit: 1,
          }),
        ]),
    ...(endpoint === undefined
      ? []
      : [
          branch({
            matched: 'endpoint',
            value: Prisma.sql`t.id`,
            payment: NONE,
            from: Prisma.sql`webhook_endpoint t WHERE t.id = ${endpoint}`,
            target: { type: 'endpoint', id: Prisma.sql`t.id` },
            limit: 1,
          }),
        ]),
  ];
}

/** Its subject is a payment or a refund. */
function requestBranch(asked: string): Prisma.Sql {
  return branch({
    matched: 'request',
    value: Prisma.sql`t.id`,
    payment: Prisma.sql`coalesce(f.payment_id, t.subject_id)`,
    from: Prisma.sql`request t LEFT JOIN refund f ON f.id = t.subject_id WHERE t.id = ${asked}`,
    limit: 1,
  });
}

/** What was answered well is in the log only; what was refused, or came twice, has a row. */
function httpRequestBranches(asked: string, limit: number): Prisma.Sql[] {
  return [
    column('http_request', 'request_note', 'request_id', 'payment_id', asked, limit),
    branch({
      matched: 'http_request',
      value: Prisma.sql`t.request_id`,
      payment: Prisma.sql`substring(t.path FROM 'pay_[a-z2-7]{26}')`,
      from: Prisma.sql`operator_refusal t WHERE t.request_id = ${asked}`,
      limit,
    }),
  ];
}

/** By id, e-mail, name or the merchant's own reference: their latest payments, or the customer where there is none. */
function customerBranches(asked: string, limit: number): Prisma.Sql[] {
  const lower = asked.toLowerCase();
  const by = (matched: string, value: Prisma.Sql, condition: Prisma.Sql) =>
    branch({
      matched,
      value,
      payment: Prisma.sql`p.id`,
      from: Prisma.sql`(SELECT * FROM customer c WHERE ${condition} LIMIT ${limit}::int) c
        LEFT JOIN LATERAL (SELECT id FROM payment WHERE customer_id = c.id ORDER BY created_at DESC LIMIT ${limit}::int) p ON true`,
      target: { type: 'customer', id: Prisma.sql`c.id` },
      limit,
    });
  if (asked.startsWith('cus_')) return [by('customer', Prisma.sql`c.id`, Prisma.sql`c.id = ${asked}`)];
  return [
    by('customer_email', Prisma.sql`c.email`, Prisma.sql`c.email IS NOT NULL AND lower(c.email) = ${lower}`),
    by('customer_name', Prisma.sql`c.name`, Prisma.sql`c.name IS NOT NULL AND lower(c.name) = ${lower}`),
    by('customer_reference', Prisma.sql`c.reference`, Prisma.sql`c.reference = ${asked}`),
  ];
}

/** A payout leads to its file, and to the first payments that it settled. */
function payoutBranch(asked: string, limit: number): Prisma.Sql {
  return branch({
    matched: 'payout',
    value: Prisma.sql`t.reference`,
    payment: Prisma.sql`l.payment_id`,
    from: Prisma.sql`(SELECT * FROM payout WHERE reference = ${asked} LIMIT 5) t
      LEFT JOIN LATERAL (SELECT b.payment_id FROM settlement_row r JOIN booking b ON b.number = r.booking_number
        WHERE r.file_id = t.file_id AND r.payout_reference = t.reference ORDER BY r.line LIMIT ${limit}::int) l ON true`,
    target: { type: 'file', id: Prisma.sql`t.file_id` },
    limit,
  });
}

/** `4242`, or with an amount as people say it, or a day, or both. */
function cardQuestion(asked: string): CardQuestion | undefined {
  const [last4, ...rest] = asked.split(/\s+/);
  if (last4 === undefined || !/^\d{4}$/.test(last4) || rest.length > 2) return undefined;
  const day = rest.find((each) => /^\d{4}-\d{2}-\d{2}$/.test(each) && !Number.isNaN(Date.parse(each)));
  const amount = rest.find((each) => /^\d{1,12}(?:\.\d{1,3})?$/.test(each));
  if (rest.length !== [day, amount].filter((each) => each !== undefined).length) return undefined;
  return { last4, ...(amount === undefined ? {} : { amount }), ...(day === undefined ? {} : { day }) };
}

function cardBranch({ last4, amount, day }: CardQuestion, limit: number): Prisma.Sql {
  // The decimal point says how many of the digits are minor units; without one they may be either.
  const minor = amount === undefined ? [] : amountsOf(amount);
  const since =
    day === undefined
      ? Prisma.sql`true`
      : Prisma.sql`p.created_at >= ${new Date(day)} AND p.created_at < ${new Date(Date.parse(day) + 86_400_000)}`;
  const worth =
    amount === undefined ? Prisma.sql`true` : Prisma.sql`p.amount_minor = ANY(${minor}::bigint[])`;
  return Prisma.sql`
    SELECT 'card'::text AS matched, ${last4}::text AS value, p.id::text AS payment_id, NULL::text AS target_type, NULL::text AS target_id
    FROM (SELECT id FROM payment_method WHERE last4 = ${last4} ORDER BY created_at DESC LIMIT ${MOST_CARDS}::int) m
      JOIN payment p ON p.payment_method_id = m.id
    WHERE ${since} AND ${worth} ORDER BY p.created_at DESC LIMIT ${limit}::int`;
}

function amountsOf(amount: string): string[] {
  const [whole = '', decimals = ''] = amount.split('.');
  if (decimals === '') return [whole, `${whole}00`, `${whole}000`];
  return [`${whole}${decimals.padEnd(2, '0')}`, `${whole}${decimals.padEnd(3, '0')}`];
}
