import type { StoryEntry, Told } from './entry.ts';
import type { AuditRow, LedgerRow, RequestNoteRow, RowKind, RowOf, StoryContext, StoryRows } from './rows.ts';
import { tellAttempt, tellAudit, tellDecision, tellObservation, tellOperation } from './tell-attempts.ts';
import {
  tellDelivery,
  tellEvent,
  tellInbox,
  tellOperatorRefusal,
  tellRequest,
  tellRequestNote,
  tellResolution,
  tellReturnRefusal,
} from './tell-messages.ts';
import {
  type LedgerWithBalances,
  tellBooking,
  tellCase,
  tellCaseEntry,
  tellExternalRefund,
  tellLedger,
  tellRefund,
  tellSettlementLine,
} from './tell-money.ts';

/**
 * All entries of one payment, oldest first. Every row is told of, each of its moments once; a kind of row without a
 * teller does not compile.
 */
export function assembleStory(rows: StoryRows, context: StoryContext): readonly StoryEntry[] {
  const takesOver = takeovers(rows.audit);
  const balances = runningBalances(rows.ledger);
  const tellers: Tellers = {
    request: [({ id }) => id, tellRequest],
    request_note: [({ id }) => id, (row) => tellRequestNote({ ...row, isOwnRetry: isOwnRetry(row, rows) })],
    decision: [({ id }) => id, tellDecision],
    attempt: [({ id }) => id, tellAttempt],
    operation: [({ id }) => id, tellOperation],
    observation: [({ id }) => id, tellObservation],
    inbox: [({ id }) => id, tellInbox],
    return_refusal: [({ id }) => id, tellReturnRefusal],
    audit: [auditKey, (row, about) => tellAudit({ ...row, takesOver: takesOver.has(auditKey(row)) }, about)],
    ledger: [
      ({ id }) => id,
      (row, about) => tellLedger(balances.get(row) ?? { ...row, balancesMinor: [] }, about),
    ],
    event: [({ id }) => id, tellEvent],
    delivery: [({ eventId, endpointId }) => `${eventId}/${endpointId}`, tellDelivery],
    refund: [({ id }) => id, tellRefund],
    external_refund: [({ id }) => id, tellExternalRefund],
    booking: [({ id }) => id, tellBooking],
    settlement_line: [({ fileId, line }) => `${fileId}/${line}`, tellSettlementLine],
    case: [({ id }) => id, tellCase],
    case_entry: [({ id }) => id, tellCaseEntry],
    resolution: [({ id }) => id, tellResolution],
    operator_refusal: [({ id }) => id, tellOperatorRefusal],
  };
  const ordered = inOrder(rows);
  const entries = KINDS.flatMap((kind) => toldOf(kind, ordered, tellers, context));
  // The sort is stable, so where times and ranks are equal the order of each kind's rows stays.
  return entries.sort((a, b) => a.atMs - b.atMs || rankOf(a) - rankOf(b));
}

type Tellers = {
  readonly [Kind in RowKind]: readonly [
    idOf: (row: RowOf<Kind>) => string,
    tell: (row: RowOf<Kind>, context: StoryContext) => Told[],
  ];
};

/** Where several rows bear the same millisecond, the cause is told before what followed from it. */
const KINDS: readonly RowKind[] = [
  'request',
  'request_note',
  'operator_refusal',
  'decision',
  'attempt',
  'refund',
  'operation',
  'observation',
  'inbox',
  'return_refusal',
  'external_refund',
  'resolution',
  'audit',
  'ledger',
  'event',
  'delivery',
  'booking',
  'settlement_line',
  'case',
  'case_entry',
];

function rankOf({ source }: StoryEntry): number {
  // What came of an attempt is the cause of the next one.
  const ended = source.kind === 'operation' && source.moment === 'closed';
  return ended ? KINDS.indexOf('attempt') - 0.5 : KINDS.indexOf(source.kind);
}

/** So far apart may the times be that the parts of one statement bear. */
const ONE_STATEMENT_MS = 100;
/** So soon after a request was answered for good does the API, which had asked again, hear that answer. */
const OWN_RETRY_MS = 5_000;
/** So long after its workflow's start may a plan be written on a busy machine. */
const ONE_PLAN_MS = 5_000;

/**
 * The parts of one step bear the times of several clocks: the workflow's, the transaction's, the statement's. Where a row
 * says what caused another, it is told no later than that.
 */
function inOrder(rows: StoryRows): StoryRows {
  const caused = new Map(rows.audit.map(({ actor, atMs }) => [actor, atMs] as const));
  const closings = rows.operation.flatMap(({ closedAtMs }) => closedAtMs ?? []);
  return {
    ...rows,
    request: rows.request.map((row) => {
      const stepMs = caused.get(`request:${row.id}`);
      const isOneStep = stepMs !== undefined && stepMs < row.atMs && row.atMs - stepMs < ONE_PLAN_MS;
      return isOneStep ? { ...row, atMs: stepMs } : row;
    }),
    attempt: rows.attempt.map((row) => {
      if (row.number === 1) return row;
      const endedMs = closings.find((at) => at >= row.atMs && at - row.atMs <= ONE_STATEMENT_MS);
      return endedMs === undefined ? row : { ...row, atMs: endedMs };
    }),
  };
}

/** After a reset the API asks again by itself, and hears what is stored: as if the merchant had asked twice. */
function isOwnRetry(
  { code, times, path, atMs }: RequestNoteRow,
  { observation, request }: Pick<StoryRows, 'observation' | 'request'>,
): boolean {
  const ranAgain = observation.some(
    ({ outcome }) => outcome.type === 'unknown' && outcome.cause === 'already_sent',
  );
  if (code !== 'replayed' || times !== 1 || !ranAgain) return false;
  return request.some(
    ({ path: asked, answeredAtMs = Number.NaN }) =>
      asked === path && Math.abs(atMs - answeredAtMs) <= OWN_RETRY_MS,
  );
}

function toldOf<Kind extends RowKind>(
  kind: Kind,
  rows: StoryRows,
  tellers: Tellers,
  context: StoryContext,
): StoryEntry[] {
  const [idOf, tell] = tellers[kind];
  const ofKind: readonly RowOf<Kind>[] = rows[kind];
  return ofKind.flatMap((row) =>
    tell(row, context).map((told) => entryOf({ kind, id: idOf(row), moment: told.moment ?? 'at' }, told)),
  );
}

function entryOf(source: StoryEntry['source'], told: Told): StoryEntry {
  const { atMs, topic, title, severity, technical, actor, refundId, links, details } = told;
  return {
    id: `${source.kind}:${source.id}:${source.moment}`,
    atMs,
    topic,
    title,
    severity: severity ?? 'info',
    technical: technical ?? false,
    actor,
    source,
    ...(refundId === undefined ? {} : { refundId }),
    links: links ?? [],
    details: details ?? {},
  };
}

function auditKey({ ownerId, sequence }: AuditRow): string {
  return `${ownerId}/${sequence}`;
}

/** Steps that are the first of their generation, the first generation apart. */
function takeovers(rows: readonly AuditRow[]): ReadonlySet<string> {
  const generations = new Map<string, number>();
  const found = new Set<string>();
  for (const row of [...rows].sort((a, b) => a.sequence - b.sequence)) {
    const before = generations.get(row.ownerId);
    if (before !== undefined && row.generation > before) found.add(auditKey(row));
    generations.set(row.ownerId, row.generation);
  }
  return found;
}

/** What each posting leaves on its account, counting this payment's postings alone. */
function runningBalances(rows: readonly LedgerRow[]): ReadonlyMap<LedgerRow, LedgerWithBalances> {
  const balances = new Map<string, number>();
  return new Map(
    [...rows]
      .sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence)
      .map((row) => {
        const balancesMinor = row.postings.map(({ account, currency, amountMinor }) => {
          const key = `${account}/${currency}`;
          const balance = (balances.get(key) ?? 0) + amountMinor;
          balances.set(key, balance);
          return balance;
        });
        return [row, { ...row, balancesMinor }] as const;
      }),
  );
}
