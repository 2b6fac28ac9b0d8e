import type { Payment } from '../../domain/payment/payment.ts';
import { asBooksCount, byHandMinor } from '../../domain/refund/totals.ts';
import { PaymentRows } from './payment-rows.ts';
import { RefundRows } from './refund-rows.ts';
import type { Rules } from './rules.ts';
import { type Letter, SharedRows } from './shared-rows.ts';

/** The twin of Postgres: one payment, its refunds, and what they share. */
export class Database extends SharedRows {
  readonly paymentRows: PaymentRows;
  readonly refunds = new Map<string, RefundRows>();
  readonly #rules: Rules;

  constructor(paymentId: string, rules: Rules) {
    super();
    this.#rules = rules;
    this.paymentRows = new PaymentRows(paymentId, this);
  }

  get payment(): Payment | undefined {
    return this.paymentRows.state;
  }

  refundRows(refundId: string): RefundRows {
    let rows = this.refunds.get(refundId);
    if (rows === undefined) {
      rows = new RefundRows(refundId, this, this.#rules);
      this.refunds.set(refundId, rows);
    }
    return rows;
  }

  /** Whose box a letter is put into: the refund that it names, by our reference or the provider's, else the payment's. */
  ownerOf(refundId: string | undefined, providerReference: string | undefined): string {
    if (refundId !== undefined && this.refunds.get(refundId)?.state !== undefined) return refundId;
    if (providerReference !== undefined)
      for (const { ownerId, state } of this.refunds.values())
        if (state?.operations.some((each) => each.providerReference === providerReference) === true)
          return ownerId;
    return this.paymentRows.ownerId;
  }

  /** db/letters.ts: the box itself keeps what was told. */
  override lettersOf(ownerId: string): readonly Letter[] {
    const refunds = [...this.refunds.values()].flatMap(({ state }) => (state === undefined ? [] : [state]));
    return super.lettersOf(ownerId).map((letter) => {
      const { evidence } = letter;
      if (evidence === undefined) return letter;
      const counted = asBooksCount(evidence, byHandMinor(refunds, evidence.reference));
      return counted === evidence ? letter : { ...letter, evidence: counted };
    });
  }

  /** Whether a refund was sent, is not proven, and has no name at the provider yet. */
  hasUnnamedRefund(): boolean {
    const own = this.payment?.attempts.flatMap((attempt) => attempt.operations) ?? [];
    const others = [...this.refunds.values()].flatMap(({ state }) => state?.operations ?? []);
    return [...own, ...others].some(
      (each) =>
        each.kind === 'refund' &&
        !each.closed &&
        each.providerReference === undefined &&
        this.permit(each.id).firstSentAtMs !== undefined,
    );
  }
}
