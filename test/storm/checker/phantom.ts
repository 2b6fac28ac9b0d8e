import { chargesOf, refundedBy } from './charges.ts';
import type { Finding } from './finding.ts';
import { booksOf, CAPTURES, isExplained } from './lost.ts';
import { exchangesOf, objectsIn, type Statement, statementsOf } from './told.ts';
import { atMs, type View } from './view.ts';

/**
 * I3: no phantom. Who was told that money moved can find it at the provider: for each success that was told
 * or is shown, for each posting, there is an effect of that amount, and it was there when it was told.
 */
export function checkPhantom(view: View): Finding[] {
  const told = statementsOf(exchangesOf(view.evidence.merchant));
  return [
    ...told.filter(({ object }) => object === 'payment').flatMap((statement) => paymentTold(view, statement)),
    ...told.filter(({ object }) => object === 'refund').flatMap((statement) => refundTold(view, statement)),
    ...shown(view),
    ...overposted(view),
    ...postedTooSoon(view),
  ];
}

const found = (subject: string, what: string): Finding => ({ invariant: 'I3', subject, what });

const HELD: ReadonlySet<string> = new Set(['requires_capture', 'partially_captured', 'succeeded']);

function paymentTold(view: View, { id, status, body, atMs: toldAtMs }: Statement): Finding[] {
  const claimed = BigInt(Number(body.amount_captured ?? 0));
  if (!HELD.has(status) && claimed === 0n) return [];
  const lines = view.attemptsOf(id).flatMap((attempt) => view.linesOf(attempt.id));
  const before = lines.filter((line) => line.kind === 'effect' && atMs(line) <= toldAtMs + SAME_MOMENT_MS);
  const captured = before
    .filter(({ effect }) => effect === 'captured')
    .reduce((sum, line) => sum + BigInt(line.amountMinor), 0n);
  if (captured < claimed)
    return [found(id, `was told as captured for ${claimed} when ${captured} had been taken`)];
  if (HELD.has(status) && !before.some(({ effect }) => effect === 'authorized'))
    return [found(id, `was told as ${status} when nobody had authorized it`)];
  return [];
}

/** Both are read from the same machine's clock, in milliseconds. */
const SAME_MOMENT_MS = 5;

function refundTold(view: View, { id, status, body, atMs: toldAtMs }: Statement): Finding[] {
  if (status !== 'succeeded') return [];
  const refund = view.refunds.get(id);
  if (refund === undefined) return [found(id, 'was told as succeeded and has no row')];
  const lines = view.linesOf(refund.attemptId).filter((line) => atMs(line) <= toldAtMs + SAME_MOMENT_MS);
  const given = grossRefund(view, id, lines);
  const claimed = BigInt(Number(body.amount ?? refund.amountMinor));
  if (given >= claimed || byHand(view, id)) return [];
  return [found(id, `was told as refunded for ${claimed} when ${given} had been given back`)];
}

/** What was given back for a refund at some time, also if the provider took it again later. */
function grossRefund(
  view: View,
  refundId: string,
  lines: readonly { operationReference?: string | null }[],
): bigint {
  const ids = operationIdsOf(view, refundId);
  return (lines as Parameters<typeof refundedBy>[0])
    .filter((line) => line.effect === 'refunded' && ids.includes(line.operationReference ?? ''))
    .reduce((sum, line) => sum + BigInt(line.amountMinor), 0n);
}

function operationIdsOf(view: View, refundId: string): readonly string[] {
  return view.operations.filter(({ ownerId }) => ownerId === refundId).map(({ id }) => id);
}

/** Two operators have said with evidence that it happened: then the evidence is theirs, not the journal's. */
function byHand(view: View, refundId: string): boolean {
  return view.evidence.tables.resolution.some(
    (row) => row.owner_id === refundId && row.status === 'approved',
  );
}

/** What the API shows after the end must be what the providers' journals say. */
function shown(view: View): Finding[] {
  return view.evidence.reads
    .flatMap(({ body }) => objectsIn(body))
    .flatMap((object) => {
      const id = String(object.id);
      if (object.object === 'payment') return paymentShown(view, id, object);
      if (object.object === 'refund' && object.status === 'succeeded') return refundShown(view, id);
      return [];
    });
}

function paymentShown(view: View, id: string, shownBody: Readonly<Record<string, unknown>>): Finding[] {
  const counting = chargesOf(view, id).filter(({ attempt }) => !attempt.undoing);
  const captured = counting.reduce((sum, { charge }) => sum + charge.capturedMinor, 0n);
  const refunded = counting.reduce((sum, { charge }) => sum + charge.refundedMinor, 0n);
  const says = { captured: minorOf(shownBody.amount_captured), refunded: minorOf(shownBody.amount_refunded) };
  const explained = booksOf(view, id).some((books) => isExplained(view, books));
  const findings: Finding[] = [];
  if (says.captured > captured && !explained)
    findings.push(found(id, `shows ${says.captured} captured; the journals say ${captured}`));
  if (says.refunded > refunded && !explained)
    findings.push(found(id, `shows ${says.refunded} refunded; the journals say ${refunded}`));
  return findings;
}

function minorOf(value: unknown): bigint {
  return BigInt(Number(value ?? 0));
}

function refundShown(view: View, id: string): Finding[] {
  const refund = view.refunds.get(id);
  if (refund === undefined) return [found(id, 'is shown and has no row')];
  const given = refundedBy(view.linesOf(refund.attemptId), operationIdsOf(view, id));
  if (given >= refund.amountMinor || byHand(view, id)) return [];
  return [found(id, `shows ${refund.amountMinor} refunded; the journal says ${given}`)];
}

/** The ledger has more than the provider moved. */
function overposted(view: View): Finding[] {
  return [...view.payments.keys()].flatMap((paymentId) =>
    booksOf(view, paymentId).flatMap((books) => {
      const { provider, ledger, accountId } = books;
      const captured = ledger.capturedMinor - provider.capturedMinor;
      const refunded = ledger.refundedMinor - provider.refundedMinor;
      if ((captured <= 0n && refunded <= 0n) || isExplained(view, books)) return [];
      const what = [
        ...(captured > 0n ? [`captures of ${captured}`] : []),
        ...(refunded > 0n ? [`refunds of ${refunded}`] : []),
      ];
      return [found(paymentId, `the ledger has ${what.join(' and ')} that ${accountId} never made`)];
    }),
  );
}

/** What was posted by a time must have happened by then; also where it did happen in the end. */
function postedTooSoon(view: View): Finding[] {
  return [...view.payments.keys()].flatMap((paymentId) =>
    booksOf(view, paymentId).flatMap((books) => {
      const lines = books.attempts.flatMap((attempt) => view.linesOf(attempt.id));
      const captures = view.postingsOf(paymentId).filter(({ book, holder, kind }) => {
        return book === 'provider_receivable' && holder === books.accountId && CAPTURES.has(kind);
      });
      const early = captures.find(({ postedAtMs }) => {
        const posted = captures.filter((each) => each.postedAtMs <= postedAtMs);
        const taken = lines.filter(
          (line) => line.effect === 'captured' && atMs(line) <= postedAtMs + SAME_MOMENT_MS,
        );
        const total = posted.reduce((sum, each) => sum + each.amountMinor, 0n);
        return total > taken.reduce((sum, line) => sum + BigInt(line.amountMinor), 0n);
      });
      if (early === undefined || isExplained(view, books)) return [];
      return [found(paymentId, `the ledger had its capture before ${books.accountId} made it`)];
    }),
  );
}
