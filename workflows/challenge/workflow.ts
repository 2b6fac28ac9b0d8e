import { condition, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import {
  type ChallengeInput,
  type ChallengeResult,
  returnedSignal,
  settledSignal,
  standingQuery,
} from './messages.ts';

/**
 * One 3DS2 challenge, as long as its payer takes. It keeps the time and reminds: from time to time the provider is
 * asked, in case its webhook was lost and the payer never came back, and at the end the payment is told that the
 * time is over. It decides nothing and writes nothing: the payment does, by the provider's word. A reset or a
 * later generation of the payment leaves it running; whoever looks after the payment then hears it.
 */
export async function challenge(input: ChallengeInput): Promise<ChallengeResult> {
  const { paymentId, attemptId, provider, endsAtMs, askEveryMs } = input;
  let settled: string | undefined;
  let returned = false;
  let asked = 0;
  let reminded = 0;

  setHandler(settledSignal, (status) => {
    settled = status;
  });
  setHandler(returnedSignal, () => {
    returned = true;
    show();
  });
  setHandler(standingQuery, () => standing());
  show();

  while (settled === undefined && reminded < REMINDERS) {
    const leftMs = endsAtMs - Date.now();
    const over = leftMs <= 0;
    const waitMs = over ? waitToRemindMs() : Math.min(leftMs, askEveryMs);
    const summary = over
      ? 'remind the payment that the time is over'
      : `ask ${provider}, or end the payer's time`;
    if (waitMs > 0 && (await condition(() => settled !== undefined, waitMs, { summary }))) break;
    const ended = Date.now() >= endsAtMs;
    await tell({
      paymentId,
      attemptId,
      word: ended ? 'ended' : 'ask',
      ordinal: ended ? ++reminded : ++asked,
    });
    show();
  }
  return { attemptId, ...(settled === undefined ? {} : { status: settled }) };

  /** At once, then in doubling steps: the payment has its own timer, should it never hear of this. */
  function waitToRemindMs(): number {
    return reminded === 0 ? 0 : askEveryMs * 2 ** reminded;
  }

  function standing(): string {
    if (settled !== undefined) return settled;
    if (Date.now() >= endsAtMs) return `time is over; the intent is being canceled at ${provider}`;
    return returned ? `the payer came back; ${provider} is being asked` : 'waiting for the payer';
  }

  function show(): void {
    setCurrentDetails(
      `**${standing()}** · asked ${asked} times, payer's time until ${new Date(endsAtMs).toISOString()}`,
    );
  }
}

/** After so many the payment is somebody else's matter: its own timer, the sweeper, a person. */
const REMINDERS = 8;

const { tellOfChallenge: tell } = proxyActivities<Pick<Activities, 'tellOfChallenge'>>({
  startToCloseTimeout: '10 seconds',
  summary: 'a letter to the payment',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', nonRetryableErrorTypes: ['Bug'] },
});
