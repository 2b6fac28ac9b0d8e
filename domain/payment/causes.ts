/** How the cause of a void begins that an operator asked for; what follows is the request. */
export const OPERATOR_VOID = 'operator_void_';

/** The void that cancels an intent which asks for what we can't show the payer. */
export const AUTHENTICATION_REQUIRED = 'authentication_required';

/** The void that cancels an intent whose payer's time is over. */
export const CHALLENGE_ENDED = 'challenge_ended';

/** The authorization with which a later round begins; what follows is the round's number. */
export const SCHEDULED_RETRY = 'scheduled_retry_';

/** The first attempt of a payment that an operator released from a review; what follows is the request. */
export const OPERATOR_RELEASE = 'operator_release_';

const RETURNED = 'returned_';

/** An authorization's second part: what the payer's browser brought back, sent on. The cause names its letter. */
export function returnedCause(letterId: string): string {
  return `${RETURNED}${letterId}`;
}

export function isCompletion({ cause }: { readonly cause: string }): boolean {
  return cause.startsWith(RETURNED);
}

/** The letter that a completion sends on. */
export function letterOfCompletion(cause: string): string | undefined {
  return cause.startsWith(RETURNED) ? cause.slice(RETURNED.length).replace(/#\d+$/, '') : undefined;
}

/** The code with which a provider's adapter says that there is no authorization to void, as opposed to a refusal. */
export const NOTHING_TO_VOID = 'nothing_to_void';
