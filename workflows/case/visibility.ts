import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { CaseFile } from '../../domain/cases/case.ts';
import { nextEscalation, OVERDUE_LEVEL } from '../../domain/cases/clock.ts';

/** What Temporal's Web UI shows of a case, and by what it is found there. An attribute costs an event, so only changes are told. */
export class CaseVisibility {
  /** As the start set it; see client/cases.ts. */
  #shown = 'open';

  show(file: CaseFile): void {
    setCurrentDetails(details(file));
    const attention = file.status !== 'resolved' && file.escalations >= OVERDUE_LEVEL;
    const standing = `${file.status}${attention ? ' !' : ''}`;
    if (standing === this.#shown) return;
    this.#shown = standing;
    upsertSearchAttributes({ InterlockStatus: [file.status], InterlockNeedsAttention: [attention] });
  }
}

/** Markdown, as the Web UI renders it. */
function details(file: CaseFile): string {
  const { kind, status, amountMinor, currency, owner, team, decision, resolution, dueAtMs, escalations } =
    file;
  const next = nextEscalation(file);
  const stake = amountMinor === undefined ? '' : ` · ${amountMinor} ${currency ?? ''} (minor units)`;
  const lines = [
    `**${status}** · ${kind}${stake} · ${owner ?? `nobody of ${team} yet`}`,
    file.summary,
    resolution ?? '',
    status === 'proposed' && decision !== undefined
      ? `${decision.proposedBy} proposes **${decision.type}**: ${decision.reason}`
      : '',
    dueAtMs === undefined ? '' : `Due ${new Date(dueAtMs).toISOString()}, escalated ${escalations} times.`,
    next === undefined ? '' : `Next level at ${new Date(next.atMs).toISOString()}.`,
  ];
  return lines.filter((line) => line !== '').join('\n\n');
}
