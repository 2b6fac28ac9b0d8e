import type { Evidence, OperationOutcome } from './outcome.ts';
import type { Attempt, Operation, Payment } from './payment.ts';

/** What a letter says of which of our operations. */
export type Naming = Pick<Evidence, 'kind' | 'reference' | 'outcome'>;

/** The operations that a letter may speak of: an authorization is named by its attempt's id, everything else by its own. */
export function concerned(
  payment: Payment,
  naming: Naming,
): { readonly attempt: Attempt; readonly operations: readonly Operation[] } | undefined {
  for (const attempt of payment.attempts) {
    if (attempt.id === naming.reference) return { attempt, operations: ofAttempt(attempt, naming) };
    const operations = attempt.operations.filter((each) => each.id === naming.reference);
    if (operations.length > 0) return { attempt, operations };
  }
  return undefined;
}

/** The one operation that a letter speaks of: what is still open before what is done with. */
export function operationNamed(payment: Payment, naming: Naming): Operation | undefined {
  const operations = concerned(payment, naming)?.operations ?? [];
  return operations.find((each) => !each.closed) ?? operations.at(-1);
}

function ofAttempt(attempt: Attempt, { kind, outcome }: Naming): readonly Operation[] {
  if (kind === 'authorize')
    return attempt.operations.filter((each) => each.kind === 'authorize' || each.kind === 'sale');
  const ofKind = attempt.operations.filter((each) => each.kind === kind);
  return kind === 'refund' ? ofKind.filter((each) => mayBe(each, outcome)) : ofKind;
}

/**
 * A refund that is named by its charge only: outsiders refund, too, so a success is ours only under the name that
 * the provider gave ours. What it refused or took back may be one of ours that has no name yet.
 */
function mayBe({ providerReference }: Operation, outcome: OperationOutcome): boolean {
  const name = 'providerReference' in outcome ? outcome.providerReference : undefined;
  if (name === undefined || name === '') return true;
  return providerReference === name || (providerReference === undefined && outcome.type !== 'refunded');
}
