import { brokenLinks } from '../../../domain/audit/chain.ts';
import type { Payment } from '../../../domain/payment/payment.ts';
import type { Balance } from '../../../domain/refund/commands.ts';
import type { Refund } from '../../../domain/refund/refund.ts';
import type { RowKind, StoryRows } from '../../../domain/story/rows.ts';
import { loadPayment } from '../../aggregate.ts';
import type { Db } from '../../client.ts';
import { Prisma } from '../../generated/client.ts';
import { loadRefunds } from '../../refunds/aggregate.ts';
import { readBalance } from '../../refunds/plan.ts';
import {
  type About,
  readBookings,
  readCaseEntries,
  readCases,
  readDeliveries,
  readExternalRefunds,
  readOperatorRefusals,
  readRefunds,
  readRequestNotes,
  readRequests,
  readResolutions,
  readReturnRefusals,
  readSettlementLines,
} from './more-rows.ts';
import {
  MOST_ROWS,
  type Reader,
  readAttempts,
  readAudit,
  readDecisions,
  readEvents,
  readInbox,
  readLedger,
  readObservations,
  readOperations,
} from './rows.ts';

/** All that is known of one payment, as of one moment. */
export interface StoryMaterial {
  readonly payment: Payment;
  readonly refunds: readonly Refund[];
  readonly balance: Balance;
  readonly rows: StoryRows;
  /** People's names by their ids. */
  readonly people: Readonly<Record<string, string>>;
  /** Kinds of which there are more rows than were read. */
  readonly cut: readonly RowKind[];
  readonly audit: AuditVerdict;
  /** Other payments of the same order reference, the newest first. */
  readonly siblings: readonly Sibling[];
  readonly card?: { readonly brand: string; readonly last4: string };
}

export interface AuditVerdict {
  /** False where there are too many steps to check while somebody waits. */
  readonly checked: boolean;
  readonly steps: number;
  readonly problems: readonly string[];
}

export interface Sibling {
  readonly id: string;
  readonly status: string;
  readonly createdAt: Date;
}

export interface StoryReader {
  /** Any merchant's; undefined: there is no such payment. */
  read(paymentId: string): Promise<StoryMaterial | undefined>;
}

/** So long may one of its questions run in Postgres, and so long all of them together. */
const STATEMENT_MS = 5_000;
const WHOLE_MS = 8_000;
const MOST_SIBLINGS = 20;
/** More refunds are counted and not told of one by one. */
const MOST_REFUNDS = 500;

export function createStoryReader(db: Db): StoryReader {
  return {
    // One connection and one snapshot: the parts agree with each other, and payments keep the rest of the pool.
    read: (paymentId) =>
      db.$transaction(
        async (tx) => {
          await tx.$executeRaw`SELECT set_config('statement_timeout', ${String(STATEMENT_MS)}, true)`;
          return readStory(tx, paymentId);
        },
        { isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead, timeout: WHOLE_MS },
      ),
  };
}

async function readStory(tx: Reader, paymentId: string): Promise<StoryMaterial | undefined> {
  const payment = await loadPayment(tx, paymentId);
  const balance = await readBalance(tx, paymentId);
  if (payment === undefined || balance === undefined) return undefined;
  const refunds = await loadRefunds(
    tx,
    Prisma.sql`r.payment_id = ${paymentId}`,
    Prisma.sql`ORDER BY r.created_at, r.id LIMIT ${MOST_REFUNDS}::int`,
  );
  const about: About = {
    paymentId,
    merchantId: payment.merchantId,
    mode: payment.mode,
    refundIds: refunds.map(({ id }) => id),
  };
  const rows = await readRows(tx, about);
  const card = await cardOf(tx, payment);
  return {
    payment,
    refunds,
    balance,
    rows,
    people: await peopleOf(tx, rows),
    cut: (Object.keys(rows) as RowKind[]).filter((kind) => rows[kind].length >= MOST_ROWS),
    audit: await verify(tx, [paymentId, ...about.refundIds], rows),
    siblings: await siblingsOf(tx, payment),
    ...(card === null ? {} : { card }),
  };
}

/** One after another: they share a connection, so nothing would be won by asking at once. */
async function readRows(tx: Reader, about: About): Promise<StoryRows> {
  const { paymentId } = about;
  const operation = await readOperations(tx, paymentId);
  const event = await readEvents(tx, paymentId);
  const cases = await readCases(tx, about);
  const resolution = await readResolutions(tx, about);
  return {
    request: await readRequests(tx, about),
    request_note: await readRequestNotes(tx, about),
    decision: await readDecisions(tx, paymentId),
    attempt: await readAttempts(tx, paymentId),
    operation,
    observation: await readObservations(tx, paymentId, operation),
    inbox: await readInbox(tx, paymentId),
    return_refusal: await readReturnRefusals(tx, about),
    audit: await readAudit(tx, paymentId),
    ledger: await readLedger(tx, paymentId),
    event,
    delivery: await readDeliveries(
      tx,
      event.map(({ id }) => id),
    ),
    refund: await readRefunds(tx, paymentId),
    external_refund: await readExternalRefunds(tx, about),
    booking: await readBookings(tx, about),
    settlement_line: await readSettlementLines(tx, about),
    case: cases,
    case_entry: await readCaseEntries(tx, cases),
    resolution,
    operator_refusal: await readOperatorRefusals(tx, about, resolution),
  };
}

async function peopleOf(tx: Reader, rows: StoryRows): Promise<Record<string, string>> {
  const said = [
    ...rows.audit.map(({ actor }) => actor),
    ...rows.case_entry.map(({ actor }) => actor),
    ...rows.case.flatMap(({ owner }) => owner ?? []),
    ...rows.resolution.flatMap(({ proposedBy, approvedBy }) => [proposedBy, approvedBy ?? '']),
    ...rows.request.map(({ ownerId }) => ownerId),
    ...rows.operator_refusal.flatMap(({ operatorId }) => operatorId ?? []),
  ];
  const ids = new Set(
    said.map((each) => each.replace(/^operator:/, '')).filter((each) => each.startsWith('opr_')),
  );
  const people = await tx.operator.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, name: true },
  });
  return Object.fromEntries(people.map(({ id, name }) => [id, name]));
}

/** The chains of the payment and its refunds, as `./interlock audit verify` would check them. */
async function verify(tx: Reader, ownerIds: readonly string[], { audit }: StoryRows): Promise<AuditVerdict> {
  if (audit.length >= MOST_ROWS) return { checked: false, steps: audit.length, problems: [] };
  const select = { id: true, status: true, sequence: true, auditHead: true } as const;
  const where = { id: { in: [...ownerIds] } };
  const owners = [
    ...(await tx.payment.findMany({ where, select })),
    ...(await tx.refund.findMany({ where, select })),
  ];
  const steps = await tx.audit.findMany({
    where: { ownerId: { in: [...ownerIds] } },
    orderBy: [{ ownerId: 'asc' }, { sequence: 'asc' }],
  });
  const problems = owners.flatMap((owner) =>
    brokenLinks(
      owner,
      steps.filter(({ ownerId }) => ownerId === owner.id),
    ).map((problem) => `${owner.id}: ${problem}`),
  );
  return { checked: true, steps: steps.length, problems };
}

async function siblingsOf(tx: Reader, { id, merchantId, mode, reference }: Payment): Promise<Sibling[]> {
  if (reference === undefined) return [];
  return tx.payment.findMany({
    where: { merchantId, mode, reference, id: { not: id } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: { id: true, status: true, createdAt: true },
    take: MOST_SIBLINGS,
  });
}

async function cardOf(tx: Reader, { paymentMethodId }: Payment) {
  if (paymentMethodId === undefined) return null;
  return tx.paymentMethod.findUnique({
    where: { id: paymentMethodId },
    select: { brand: true, last4: true },
  });
}
