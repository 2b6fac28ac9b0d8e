/**
 * Declines as data: what a network's code and advice mean, what may be done about them, and how often a network lets
 * one card be tried. Adapters read the first, the payment's machine the second, the router the third.
 */
export { ADVICE_CODES, adviceCode } from './advice-codes.ts';
export {
  type BudgetVerdict,
  budgetDecline,
  type CountedDecline,
  judgeBudget,
  REMEMBERED_MS,
  SCHEME_BUDGETS,
  type SchemeBudgets,
} from './budgets.ts';
export { consentDecline } from './consent.ts';
export { NETWORK_CODES, networkCode, reasonOfNetworkCode, visaCategory } from './network-codes.ts';
export {
  type DeclineClass,
  declineClass,
  mayFailOverAfter,
  type NextStep,
  nextStepAfter,
} from './taxonomy.ts';
