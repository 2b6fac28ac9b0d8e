import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { openOperation, type Refund } from '../../domain/refund/refund.ts';

/**
 * What an operator sees of a refund in Temporal's Web UI. Search attributes are set only when the refund needs
 * a person or is done otherwise than its start said: an attribute costs an event.
 */
let shown = 'pending';

export function showRefund(refund: Refund, reason?: string): void {
  setCurrentDetails(details(refund, reason));
  const open = openOperation(refund);
  const attention = refund.status === 'requires_review' || open?.status === 'unknown';
  const standing = `${refund.status}${attention ? ' !' : ''}`;
  if (standing === shown || (refund.status === 'succeeded' && shown === 'pending')) return;
  shown = standing;
  upsertSearchAttributes({
    InterlockStatus: [refund.status],
    InterlockNeedsAttention: [attention],
    InterlockProvider: [refund.step.provider],
  });
}

/** Markdown, as the Web UI renders it. Tokens, amounts and states only. */
function details(refund: Refund, reason?: string): string {
  const lines = [
    `**${refund.status}** · refund of ${refund.amountMinor} ${refund.currency} (minor units) of \`${refund.paymentId}\` at ${refund.step.provider}`,
    reason === undefined ? '' : `Last step: ${reason}.`,
    ...refund.operations.map((each) => `- try ${each.number} \`${each.id}\` is **${each.status}**`),
    refund.failure === undefined ? '' : `Needs attention: ${refund.failure.message}.`,
  ];
  return lines.filter((line) => line !== '').join('\n\n');
}
