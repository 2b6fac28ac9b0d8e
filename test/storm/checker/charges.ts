import type { JournalLine } from '../evidence-types.ts';
import type { AttemptRow } from './rows.ts';
import type { View } from './view.ts';

/** What a provider did under one attempt, by its journal alone. */
export interface Charge {
  /** How many authorizations there were, each with a reference of its own at the provider. */
  readonly authorizations: number;
  readonly authorizedMinor: bigint;
  /** Money is held and was neither taken nor given back. */
  readonly held: boolean;
  /** Taken, less what the scheme took back by itself. */
  readonly capturedMinor: bigint;
  /** Given back, less what the provider took again. */
  readonly refundedMinor: bigint;
  /** The part of it by which Interlock undid a success that came too late. */
  readonly undoneMinor: bigint;
  /** It stands: the payer pays, or is held, for this attempt, whatever was refunded for the merchant since. */
  readonly standing: boolean;
}

const RELEASED: ReadonlySet<string> = new Set(['voided', 'expired', 'canceled']);

/** An undoing refund is an operation of the attempt itself; a merchant's refund has an id of its own in it. */
const UNDO_REFUND = /^op_[a-z2-7]{26}_\d+_refund_\d+$/;

export function chargeOf(lines: readonly JournalLine[]): Charge {
  const effects = lines.filter((line) => line.kind === 'effect');
  const sum = (name: string, which: (line: JournalLine) => boolean = () => true) =>
    effects
      .filter((line) => line.effect === name && which(line))
      .reduce((total, line) => total + BigInt(line.amountMinor), 0n);
  const isUndo = (line: JournalLine) => UNDO_REFUND.test(line.operationReference ?? '');
  const authorized = effects.filter((line) => line.effect === 'authorized');
  const capturedMinor = sum('captured') - sum('capture_failed');
  const undoneMinor = sum('refunded', isUndo) - sum('refund_failed', isUndo);
  // In order: a late success can bring back what was voided.
  let held = false;
  for (const { effect = '' } of effects) {
    if (effect === 'authorized') held = true;
    if (RELEASED.has(effect) || effect === 'captured') held = false;
  }
  return {
    authorizations: new Set(authorized.map((line) => line.providerReference)).size,
    authorizedMinor: authorized.reduce((total, line) => total + BigInt(line.amountMinor), 0n),
    held,
    capturedMinor,
    refundedMinor: sum('refunded') - sum('refund_failed'),
    undoneMinor,
    standing: held || capturedMinor > undoneMinor,
  };
}

export function chargesOf(
  view: View,
  paymentId: string,
): readonly { readonly attempt: AttemptRow; readonly charge: Charge }[] {
  return view
    .attemptsOf(paymentId)
    .map((attempt) => ({ attempt, charge: chargeOf(view.linesOf(attempt.id)) }));
}

/** What was refunded at the provider in the name of one operation, net of what the provider took again. */
export function refundedBy(lines: readonly JournalLine[], operationIds: readonly string[]): bigint {
  const ours = lines.filter((line) => operationIds.includes(line.operationReference ?? ''));
  const sum = (name: string) =>
    ours
      .filter((line) => line.kind === 'effect' && line.effect === name)
      .reduce((total, line) => total + BigInt(line.amountMinor), 0n);
  return sum('refunded') - sum('refund_failed');
}
