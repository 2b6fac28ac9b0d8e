import { CHALLENGE_ASK, CHALLENGE_ENDED, storeChallengeLetter } from '../../db/challenges.ts';
import type { Dependencies } from '../dependencies.ts';

export interface ChallengeWord {
  readonly paymentId: string;
  readonly attemptId: string;
  /** `ask`: the provider may have heard what we have not. `ended`: the payer's time is over. */
  readonly word: 'ask' | 'ended';
  /** Which one it is: a word is told once, however often the activity runs. */
  readonly ordinal: number;
}

const EVENT_TYPES = { ask: CHALLENGE_ASK, ended: CHALLENGE_ENDED } as const;

/** A challenge's word to its payment: a letter into its box, and the bell. Whatever generation is current reads it. */
export function createTellOfChallenge(deps: Dependencies) {
  return async function tellOfChallenge(word: ChallengeWord): Promise<void> {
    const { paymentId, attemptId, ordinal } = word;
    await storeChallengeLetter(deps.db, {
      paymentId,
      attemptId,
      eventType: EVENT_TYPES[word.word],
      name: `challenge_${word.word}_${attemptId}_${ordinal}`,
    });
    await deps.door.news(paymentId);
  };
}
