import { kindEntry } from '../cases/kinds.ts';
import { ENTRY_KINDS } from '../ledger/kinds.ts';
import { moneyOf } from '../money/words.ts';
import type { StoryEntry, Told } from './entry.ts';
import type {
  BookingRow,
  CaseEntryRow,
  CaseRow,
  ExternalRefundRow,
  LedgerRow,
  RefundRow,
  SettlementLineRow,
  StoryContext,
} from './rows.ts';
import { actorWords, capital, instantOf, instantOrNull, spaced } from './words.ts';

/** Where the money went: the books, refunds, settlement, and what does not agree. */
export interface LedgerWithBalances extends LedgerRow {
  /** Of each posting's account, over this payment's postings alone, once it is written. */
  readonly balancesMinor: readonly number[];
}

export function tellLedger(row: LedgerWithBalances, { paymentId }: StoryContext): Told[] {
  const debit = row.postings.find(({ amountMinor }) => amountMinor > 0);
  const amount = debit === undefined ? '' : ` ${moneyOf(debit.amountMinor, debit.currency)}`;
  const meaning = (ENTRY_KINDS as Readonly<Record<string, { readonly explanation: string }>>)[row.kind];
  return [
    {
      atMs: row.atMs,
      topic: 'ledger',
      title: `Booked${amount} as ${spaced(row.kind)}: ${meaning?.explanation ?? row.description ?? 'a transfer between accounts'}`,
      severity: row.kind === 'late_success' || row.kind === 'refund_excess' ? 'warning' : 'info',
      actor: 'ledger',
      ...(row.ownerId.startsWith('ref_') && row.ownerId !== paymentId ? { refundId: row.ownerId } : {}),
      details: {
        transaction: row.id,
        kind: row.kind,
        description: row.description ?? null,
        postings: row.postings.map(({ account, currency, amountMinor }, index) => ({
          account,
          currency,
          amount: amountMinor,
          balance: row.balancesMinor[index] ?? null,
        })),
      },
    },
  ];
}

export function tellRefund(row: RefundRow): Told[] {
  const why = row.reason === undefined ? '' : ` (${spaced(row.reason)})`;
  return [
    {
      atMs: row.atMs,
      topic: 'refund',
      title: `Refund of ${moneyOf(row.amountMinor, row.currency)} began${why}; it is ${spaced(row.status)} now`,
      severity: row.status === 'failed' || row.status === 'requires_review' ? 'bad' : 'info',
      actor: 'merchant',
      refundId: row.id,
      links: [{ type: 'refund', id: row.id }],
      details: {
        refund: row.id,
        amount: row.amountMinor,
        currency: row.currency,
        status: row.status,
        provider: row.provider,
        reason: row.reason ?? null,
        reference: row.reference ?? null,
        failure: row.failure ?? null,
      },
    },
  ];
}

export function tellExternalRefund(row: ExternalRefundRow): Told[] {
  return [
    {
      atMs: row.atMs,
      topic: 'refund',
      title: `Somebody refunded ${moneyOf(row.amountMinor, row.currency)} at the provider, not through Interlock`,
      severity: 'warning',
      actor: 'somebody at the provider',
      links: [{ type: 'account', id: row.accountId }],
      details: { provider_reference: row.providerReference, amount: row.amountMinor, currency: row.currency },
    },
  ];
}

export function tellBooking(row: BookingRow): Told[] {
  const missing = row.missingSince !== undefined;
  const late = missing ? `, and missing in the provider's files since ${row.missingSince}` : '';
  return [
    {
      atMs: row.atMs,
      topic: 'settlement',
      title: `The ${row.kind} of ${moneyOf(row.amountMinor, row.currency)} is to be settled by the provider${late}`,
      severity: missing ? 'warning' : 'info',
      technical: !missing,
      actor: 'reconciliation',
      links: [{ type: 'account', id: row.accountId }],
      details: {
        booking: row.id,
        kind: row.kind,
        status: row.status,
        amount: row.amountMinor,
        currency: row.currency,
        missing_since: row.missingSince ?? null,
      },
    },
  ];
}

export function tellSettlementLine(row: SettlementLineRow): Told[] {
  const { verdict, currency, settlementCurrency } = row;
  const amounts = `${moneyOf(row.grossMinor, currency)} gross, ${moneyOf(row.feeMinor, settlementCurrency)} fee, ${moneyOf(row.netMinor, settlementCurrency)} net`;
  const clean = verdict === 'clean';
  const judged =
    verdict === undefined
      ? `Settlement line, not judged yet: ${row.type}`
      : clean
        ? `Settled as expected: ${row.type}`
        : `Settlement line: ${kindEntry(verdict.toLowerCase()).title} (${row.type})`;
  return [
    {
      atMs: row.atMs,
      topic: 'settlement',
      title: `${judged} of ${amounts}, in ${row.fileName} line ${row.line}`,
      severity: clean ? 'good' : verdict === undefined ? 'info' : 'warning',
      actor: row.accountId,
      links: [{ type: 'file', id: row.fileId }],
      details: {
        file: row.fileId,
        line: row.line,
        type: row.type,
        verdict: verdict ?? null,
        explanation: verdict === undefined || clean ? null : kindEntry(verdict.toLowerCase()).advice,
        action: row.action ?? null,
        gross: row.grossMinor,
        currency,
        fee: row.feeMinor,
        net: row.netMinor,
        settlement_currency: settlementCurrency,
        unexplained: row.unexplainedMinor ?? null,
        provider_reference: row.providerReference ?? null,
        payout: row.payoutReference ?? null,
        occurred_at: instantOf(row.occurredAtMs),
      },
    },
  ];
}

export function tellCase(row: CaseRow, { people }: StoryContext): Told[] {
  const { title, advice } = kindEntry(row.kind);
  const details = {
    case: row.id,
    kind: row.kind,
    subject: row.subjectId,
    summary: row.summary,
    advice,
    amount: row.amountMinor ?? null,
    currency: row.currency ?? null,
    owner: row.owner === undefined ? null : actorWords(row.owner, people),
    due_at: instantOrNull(row.dueAtMs),
  };
  const links: StoryEntry['links'] = [{ type: 'case', id: row.id }];
  const opened: Told = {
    moment: 'opened',
    atMs: row.atMs,
    topic: 'case',
    title: `Exception opened: ${title}. ${capital(row.summary)}`,
    severity: row.closedAtMs === undefined ? 'bad' : 'warning',
    actor: 'interlock',
    links,
    details,
  };
  if (row.closedAtMs === undefined) return [opened];
  const how = row.resolution === undefined ? 'resolved' : spaced(row.resolution);
  return [
    opened,
    {
      moment: 'closed',
      atMs: row.closedAtMs,
      topic: 'case',
      title: `Exception closed: ${title} (${how})`,
      severity: 'good',
      actor: 'interlock',
      links,
      details: { ...details, resolution: row.resolution ?? null },
    },
  ];
}

export function tellCaseEntry(row: CaseEntryRow, { people }: StoryContext): Told[] {
  const byPerson = row.actor.startsWith('operator:') || row.actor.startsWith('opr_');
  const why = row.reason === undefined ? '' : `: ${row.reason}`;
  return [
    {
      atMs: row.atMs,
      topic: byPerson ? 'operator' : 'case',
      title: `${kindEntry(row.caseKind).title}: ${spaced(row.action)} by ${actorWords(row.actor, people)}${why}`,
      technical: !byPerson,
      actor: row.actor,
      links: [{ type: 'case', id: row.caseId }],
      details: { action: row.action, reason: row.reason ?? null },
    },
  ];
}
