import { createHash } from 'node:crypto';
import { type BankGroup, postingsOfBank } from '../../domain/reconciliation/postings.ts';
import type { AutoAction } from '../../domain/reconciliation/terms.ts';
import { correctionOf, type Posted, postTransactions } from './ledger.ts';
import { type CopyClient, type CopyPool, execute, query, sql, transaction } from './pool.ts';
import type { Run } from './runs.ts';

/** A line of a bank's statement, as its reader gives it. */
export interface BankLine {
  readonly account: string;
  readonly statement: string;
  /** When the statement opened, where its name alone is not its own for ever. */
  readonly openedOn?: string;
  readonly line: number;
  /** Positive where the account was credited. */
  readonly amountMinor: number;
  readonly currency: string;
  readonly bookedOn: string;
  readonly reference?: string;
  readonly endToEndId?: string;
  readonly text: string;
  readonly reversal: boolean;
}

/** Keeps a file's lines; those that are there already stay as they are. Answers how many are new. */
export async function receiveBankLines(
  pool: CopyPool,
  merchantId: string,
  lines: readonly BankLine[],
): Promise<number> {
  if (lines.length === 0) return 0;
  const rows = named(merchantId, lines);
  return execute(
    pool,
    sql`
    INSERT INTO bank_statement_line (id, merchant_id, bank_account, statement, line, currency, amount_minor, booked_on, text,
      reference, end_to_end, reversal)
    SELECT l.id, ${merchantId}, l.account, l.statement, l.line, l.currency, l."amountMinor", l."bookedOn", l.text, l.reference,
      l."endToEndId", coalesce(l.reversal, false)
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS l(id text, "formerId" text, account text, statement text,
      line int, currency text, "amountMinor" bigint, "bookedOn" date, text text, reference text, "endToEndId" text,
      reversal boolean)
    WHERE NOT EXISTS (SELECT 1 FROM bank_statement_line o WHERE o.id = l."formerId" AND o.currency = l.currency
      AND o.amount_minor = l."amountMinor" AND o.booked_on = l."bookedOn")
    ON CONFLICT (id) DO NOTHING`,
  );
}

/**
 * A line is the same as before where its statement, day, amount and references are, and as many of its like stand before
 * it: a statement may come again written otherwise, all on one line of text, or longer than it was. `formerId` is what
 * lines were stored under when their line of text told them apart, of which the first alone was kept.
 */
function named(merchantId: string, lines: readonly BankLine[]) {
  const alike = new Map<string, number>();
  const former = new Set<string>();
  return lines.map((line) => {
    const { account, statement, openedOn, bookedOn, currency, amountMinor, reference, endToEndId } = line;
    const told = [openedOn, bookedOn, currency, amountMinor, reference, endToEndId];
    const like = JSON.stringify([merchantId, account, statement, ...told]);
    const before = alike.get(like) ?? 0;
    alike.set(like, before + 1);
    const formerId = idOf([merchantId, account, statement, line.line]);
    const wasKept = !former.has(formerId);
    former.add(formerId);
    return { ...line, id: idOf([like, before]), ...(wasKept ? { formerId } : {}) };
  });
}

function idOf(parts: readonly (string | number)[]): string {
  return `bl_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 26)}`;
}

interface Open {
  readonly id: string;
  readonly currency: string;
  readonly amountMinor: string;
  readonly accountId: string | null;
  readonly action: AutoAction | null;
  /** What the bank kept of the payout, booked with its last line. */
  readonly keptMinor: string;
  readonly transactionId: string | null;
  /** What somebody's decision about it has moved, where it was taken for nobody's. */
  readonly decided: readonly { readonly account: string; readonly amountMinor: string }[] | null;
}

/**
 * Books what the bank has seen: a payout's credit takes it out of transit, anything else that came waits in suspense
 * until it is linked, and is then booked over. What was decided about it before its payout was known is taken back with
 * that, but for a link: whoever accepted it as the merchant's would else have it credited twice, by the lines that the payout pays too.
 */
export async function postBank(pool: CopyPool, run: Run): Promise<{ readonly posted: number }> {
  return transaction(pool, async (client) => {
    // A merchant's bank account is seen by the runs of all its provider accounts.
    const name = `interlock.bank.${run.merchantId}`;
    await query(client, sql`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
    await confirmPayouts(client, run);
    const open = await openLines(client, run);
    const transactions = open.map((line) => transactionOf(run, line));
    const fresh = await postTransactions(client, run, transactions);
    const marks = open.map(({ id }, index) => ({ id, transactionId: transactions[index]?.id }));
    await execute(
      client,
      sql`
      UPDATE bank_statement_line l SET ledger_transaction_id = m."transactionId"
      FROM jsonb_to_recordset(${JSON.stringify(marks)}::jsonb) AS m(id text, "transactionId" text) WHERE l.id = m.id`,
    );
    return { posted: fresh.size };
  });
}

/** How much of each payout the bank has seen, and since when it has seen all. */
async function confirmPayouts(client: CopyClient, run: Run): Promise<void> {
  await execute(
    client,
    sql`
    UPDATE payout p SET credited_minor = s.credited,
      credited_at = CASE WHEN s.credited = p.amount_minor THEN s.last ELSE NULL END
    FROM (SELECT payout_id, sum(amount_minor) AS credited, max(booked_on)::timestamptz AS last
      FROM bank_statement_line WHERE merchant_id = ${run.merchantId} AND payout_id IS NOT NULL GROUP BY payout_id) s
    WHERE p.id = s.payout_id AND p.credited_minor <> s.credited`,
  );
}

/** Lines that were not posted yet, or were posted to suspense and are a payout's by now, unless somebody has booked that. */
function openLines(client: CopyClient, run: Run): Promise<Open[]> {
  return query<Open>(
    client,
    sql`
    SELECT l.id, l.currency, l.amount_minor AS "amountMinor", p.account_id AS "accountId", p.action,
      CASE WHEN p.action = 'post_bank_fee' AND l.id = (
        SELECT max(o.id) FROM bank_statement_line o WHERE o.payout_id = p.id) THEN p.amount_minor - p.credited_minor ELSE 0 END AS "keptMinor",
      l.ledger_transaction_id AS "transactionId", (
        SELECT jsonb_agg(jsonb_build_object('account', d.account, 'amountMinor', d.amount_minor::text))
        FROM exception x JOIN ledger_posting d ON d.transaction_id = x.disposition->>'ledgerTransactionId'
        WHERE x.kind = 'unidentified_bank_credit' AND x.subject_id = l.id AND x.disposition->>'status' = 'carried_out'
          AND d.currency = l.currency) AS decided
    FROM bank_statement_line l LEFT JOIN payout p ON p.id = l.payout_id
    WHERE l.merchant_id = ${run.merchantId}
      AND (l.ledger_transaction_id IS NULL OR (l.payout_id IS NOT NULL AND l.ledger_transaction_id = 'lt_' || l.id
        AND NOT EXISTS (SELECT 1 FROM exception x WHERE x.kind = 'unidentified_bank_credit' AND x.subject_id = l.id
          AND x.disposition->>'status' = 'carried_out' AND x.disposition->>'type' = 'link')))
      AND (l.ledger_transaction_id IS NOT NULL OR l.payout_id IS NOT NULL OR l.verdict IS NOT NULL)
    ORDER BY l.id`,
  );
}

/** Under this name a line's money leaves suspense: also read by what a case holds (db/cases/stakes.ts). */
export function payoutPostingId(bankLineId: string): string {
  return `lt_${bankLineId}_payout`;
}

function transactionOf(run: Run, line: Open): Posted {
  const { id, currency, accountId, action, transactionId, decided } = line;
  const unknown: BankGroup = {
    merchantId: run.merchantId,
    currency,
    amountMinor: BigInt(line.amountMinor),
    action: null,
  };
  const known: BankGroup =
    accountId === null ? unknown : { ...unknown, accountId, action, bankFeeMinor: BigInt(line.keptMinor) };
  const postings = (decided ?? []).map(({ account, amountMinor }) => ({
    account,
    amountMinor: BigInt(amountMinor),
  }));
  const before = [
    ...(transactionId === null ? [] : [postingsOfBank(unknown)]),
    ...(accountId === null ? [] : [{ currency, postings }]),
  ];
  return {
    id: accountId === null ? `lt_${id}` : payoutPostingId(id),
    ownerId: id,
    kind: accountId === null ? 'bank_unidentified' : 'bank_payout',
    description: accountId === null ? 'a bank line that no payout explains' : 'what the bank saw of a payout',
    entries: correctionOf(before, [postingsOfBank(known)]),
  };
}
