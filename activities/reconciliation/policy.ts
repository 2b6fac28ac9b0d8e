import type { ReconciledAccount } from '../../db/reconciliation/accounts.ts';
import { type Policy, policyWith } from '../../domain/reconciliation/tolerance.ts';
import { reconciliationSettings } from '../../providers/account-settings.ts';

/** How exact is exact at this account: the platform's defaults with what its settings say in their place. */
export function policyOf({ settings }: ReconciledAccount): Policy {
  const { reconciliation = {} } = settings as Readonly<Record<string, unknown>>;
  const configured = reconciliationSettings.parse(reconciliation);
  return policyWith(withoutUndefined(configured));
}

/** zod gives absent members as undefined, and the defaults are spread under what is there. */
function withoutUndefined(configured: object): Partial<Policy> {
  return Object.fromEntries(
    Object.entries(configured).filter(([, value]) => value !== undefined),
  ) as Partial<Policy>;
}
