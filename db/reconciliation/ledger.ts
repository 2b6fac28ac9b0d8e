import type { GroupEntry } from '../../domain/reconciliation/postings.ts';
import { type CopyClient, execute, query, sql } from './pool.ts';
import { json, type Run } from './runs.ts';

/** What reconciliation posts, one transaction an entry of the list; its id says what it is of, so it is posted once. */
export interface Posted {
  readonly id: string;
  /** The file or bank line whose money it moves. */
  readonly ownerId: string;
  readonly kind: string;
  readonly description: string;
  readonly entries: readonly GroupEntry[];
}

/** Answers the ids of those that were new. */
export async function postTransactions(
  client: CopyClient,
  run: Run,
  posted: readonly Posted[],
): Promise<ReadonlySet<string>> {
  const whole = posted
    .filter(({ entries }) => entries.length > 0)
    .map(({ entries: _entries, ...transaction }, index) => ({ ...transaction, sequence: index + 1 }));
  if (whole.length === 0) return new Set();
  const rows = await query<{ id: string }>(
    client,
    sql`
    INSERT INTO ledger_transaction (id, owner_id, sequence, kind, merchant_id, mode, description)
    SELECT t.id, t."ownerId", t.sequence, t.kind, ${run.merchantId}, ${run.mode}, t.description
    FROM jsonb_to_recordset(${JSON.stringify(whole)}::jsonb)
      AS t(id text, "ownerId" text, sequence int, kind text, description text)
    ORDER BY t.sequence ON CONFLICT (id) DO NOTHING RETURNING id`,
  );
  const fresh = new Set(rows.map(({ id }) => id));
  const postings = posted
    .filter(({ id }) => fresh.has(id))
    .flatMap(({ id, entries }) =>
      entries.flatMap(({ currency, postings }) => postings.map((each) => ({ id, currency, ...each }))),
    );
  await execute(
    client,
    sql`
    INSERT INTO ledger_posting (transaction_id, account, currency, amount_minor)
    SELECT p.id, p.account, p.currency, p."amountMinor"
    FROM jsonb_to_recordset(${json(postings)}::jsonb) AS p(id text, account text, currency text, "amountMinor" bigint)`,
  );
  return fresh;
}

/** What is to be added so that `before` becomes `after`, currency by currency. */
export function correctionOf(
  before: readonly GroupEntry[],
  after: readonly GroupEntry[],
): readonly GroupEntry[] {
  const sums = new Map<string, Map<string, bigint>>();
  const add = (entries: readonly GroupEntry[], sign: bigint) => {
    for (const { currency, postings } of entries) {
      const accounts = sums.get(currency) ?? new Map<string, bigint>();
      sums.set(currency, accounts);
      for (const { account, amountMinor } of postings)
        accounts.set(account, (accounts.get(account) ?? 0n) + sign * amountMinor);
    }
  };
  add(after, 1n);
  add(before, -1n);
  return [...sums].flatMap(([currency, accounts]) => {
    const postings = [...accounts].flatMap(([account, amountMinor]) =>
      amountMinor === 0n ? [] : [{ account, amountMinor }],
    );
    return postings.length === 0 ? [] : [{ currency, postings }];
  });
}
