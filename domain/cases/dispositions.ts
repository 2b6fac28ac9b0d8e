import { DISPOSITIONS, type Disposition } from '../reconciliation/terms.ts';
import type { CaseFile, DecisionCommand } from './case.ts';
import type { TargetFacts } from './money.ts';

export { DISPOSITIONS, type Disposition };

interface DispositionEntry {
  readonly means: string;
  /** What `target` names; absent: it takes none. */
  readonly target?: {
    readonly names: string;
    readonly required: boolean;
    readonly types: readonly TargetFacts['type'][];
  };
}

/** What each disposition means, and what it has to be told. */
export const DISPOSITION_ENTRIES: { readonly [Name in Disposition]: DispositionEntry } = {
  accept: { means: 'what the outside says stands; what waited for it is the merchant’s' },
  write_off: { means: 'a small difference becomes a cost; bounded by the write-off limit' },
  claim_from_provider: {
    means: 'the provider owes it, and was told so',
    target: { names: "the provider's ticket", required: false, types: ['other'] },
  },
  refund: {
    means: 'the payer has it back; a case sends no money itself, it names the refund that did',
    target: {
      names: 'a refund (ref_…), or how it was given back',
      required: true,
      types: ['refund', 'other'],
    },
  },
  remap: {
    means: 'it belongs elsewhere: to another provider account, or a fee to a kind',
    target: { names: 'a provider account, or a kind of fee', required: true, types: ['account', 'fee_kind'] },
  },
  link: {
    means: 'it belongs to something that we know',
    target: {
      names: 'a payment, refund, booking, payout or bank line',
      required: true,
      types: ['payment', 'refund', 'booking', 'payout', 'bank_line'],
    },
  },
  ignore: { means: 'nothing follows from it; refused while money of it lies in suspense' },
};

/** Why a disposition cannot have this target, if so. */
export function targetRefusal(
  file: CaseFile,
  { disposition, target }: DecisionCommand,
  facts: TargetFacts | undefined,
): { readonly code: string; readonly message: string } | undefined {
  const wanted = DISPOSITION_ENTRIES[disposition].target;
  if (target === undefined) {
    if (wanted?.required !== true) return undefined;
    return { code: 'target_required', message: `${disposition} needs a target: ${wanted.names}` };
  }
  if (wanted === undefined) return { code: 'target_not_taken', message: `${disposition} takes no target` };
  if (facts === undefined || !wanted.types.includes(facts.type))
    return { code: 'target_unknown', message: `the target of ${disposition} is ${wanted.names}` };
  if (facts.type === 'refund') return refundRefusal(file, facts);
  if (disposition === 'link' && file.kind === 'unidentified_bank_credit' && facts.type !== 'payout')
    return { code: 'target_unknown', message: 'a bank line is linked to a payout' };
  return undefined;
}

function refundRefusal(file: CaseFile, { succeeded, paymentId }: TargetFacts) {
  if (file.paymentId !== undefined && paymentId !== file.paymentId)
    return { code: 'target_unknown', message: 'the refund is of another payment' };
  if (succeeded !== true) return { code: 'refund_not_made', message: 'the refund has not succeeded' };
  return undefined;
}
