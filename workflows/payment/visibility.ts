import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import {
  currentAttempt,
  isHeldForReview,
  openOperations,
  type Payment,
  waitsForRetry,
} from '../../domain/payment/payment.ts';

/**
 * What an operator sees in Temporal's Web UI: current details in words, and search attributes to find
 * payments by. Details cost nothing; an attribute costs an event, so it is set only when what it says has
 * changed for longer than a provider takes to answer.
 */
export class Visibility {
  /** As the start set it; see client/door.ts. */
  #shown = 'processing';

  show(payment: Payment, reason?: string): void {
    setCurrentDetails(details(payment, reason));
    const attention = needsAttention(payment);
    const standing = `${payment.status}${attention ? ' !' : ''}`;
    if (standing === this.#shown) return;
    this.#shown = standing;
    const provider = currentAttempt(payment)?.provider;
    upsertSearchAttributes({
      InterlockStatus: [payment.status],
      InterlockNeedsAttention: [attention],
      ...(provider === undefined ? {} : { InterlockProvider: [provider] }),
    });
  }
}

function stuck(payment: Payment): boolean {
  return openOperations(payment).some((operation) => operation.status === 'unknown');
}

function needsAttention(payment: Payment): boolean {
  return payment.status === 'requires_review' || stuck(payment);
}

/** Markdown, as the Web UI renders it. Tokens, amounts and states only. */
function details(payment: Payment, reason?: string): string {
  const open = openOperations(payment);
  const lines = [
    `**${payment.status}** · ${payment.amountMinor} ${payment.currency} (minor units), captured ${payment.amountCapturedMinor}`,
    reason === undefined ? '' : `Last step: ${reason}.`,
    standing(payment),
    ...open.map(
      (operation) =>
        `- ${operation.kind} \`${operation.id}\` is **${operation.status}**${waitingFor(operation.status)}`,
    ),
    ...payment.attempts.map(
      (attempt) => `attempt ${attempt.number} at ${attempt.provider}: ${attempt.status}`,
    ),
  ];
  return lines.filter((line) => line !== '').join('\n\n');
}

/** Why nothing is under way, where that is not plain from the status. */
function standing(payment: Payment): string {
  if (isHeldForReview(payment)) return 'Nothing has been sent. `./interlock operator release` sends it.';
  if (!waitsForRetry(payment)) return '';
  return `The card is tried again at ${new Date(payment.nextRetryAtMs ?? 0).toISOString()}.`;
}

function waitingFor(status: string): string {
  if (status === 'unknown')
    return ': it may have happened; the resolver asks the provider until it is proven';
  if (status === 'pending') return ': the provider has it and will say by webhook or look-up';
  return '';
}
