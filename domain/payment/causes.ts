/** How the cause of a void begins that an operator asked for; what follows is the request. */
export const OPERATOR_VOID = 'operator_void_';

/** The code with which a provider's adapter says that there is no authorization to void, as opposed to a refusal. */
export const NOTHING_TO_VOID = 'nothing_to_void';
