import { waitFor } from '../support/harness.ts';
import { type Answer, freshKey } from '../support/system.ts';

/**
 * Sends a payment until the API shows it. A machine under load may answer that the outcome is not known yet;
 * then the same request goes out again under the same key, as the answer says. Gives the payment's id.
 */
export function insist(send: (key: string) => Promise<Answer>): Promise<string> {
  const key = freshKey();
  return waitFor(
    async () => {
      const { body } = await send(key);
      return (body.id ?? body.error?.payment?.id) as string | undefined;
    },
    { what: 'the API to answer with a payment', timeoutMs: 60_000 },
  );
}
