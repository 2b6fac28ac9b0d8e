import type { CaseCommand } from '../../domain/cases/case.ts';

/** Whom `assign` names: an operator, whoever asks, or nobody. */
export function assignment(owner: string, operatorId: string): CaseCommand {
  if (owner === 'none') return { type: 'assign' };
  return { type: 'assign', owner: owner === 'me' ? operatorId : owner };
}
