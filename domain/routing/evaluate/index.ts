/**
 * From a policy and what is known of a payment to a decision that explains itself. Pure: the same policy, catalogue
 * and inputs give the same decision for ever, which is how a stored one is checked.
 */
export { evaluate } from './evaluate.ts';
