import { RETRY_ADVICE } from '../../payment/outcome.ts';
import { POLICY_FORMAT, type PolicyDocument } from './document.ts';

/**
 * What holds where a merchant says nothing, and what a policy with `inherit` starts from: best success among
 * all accounts, and another provider after the declines that say nothing of the card.
 */
export const PLATFORM_DEFAULT: PolicyDocument = {
  format: POLICY_FORMAT,
  name: 'Platform default',
  inherit: false,
  rules: [],
  otherwise: { choose: { best_success: 'all', explore_percent: 5, guard_rail_points: 1 } },
  built_in: {
    unhealthy: 'last_resort',
    degraded: 'last_resort',
    over_limit: 'remove',
    ticket_size: 'remove',
  },
  eliminate: [],
  requirements: [],
  retries: {
    max_attempts: 3,
    fail_over_after: (Object.keys(RETRY_ADVICE) as (keyof typeof RETRY_ADVICE)[]).filter(
      (reason) => RETRY_ADVICE[reason] === 'retry_other_provider',
    ),
    later: [],
  },
};
