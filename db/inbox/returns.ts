import type { AuthenticationStatus } from '../../domain/authentication/states.ts';
import { attemptIdFor } from '../../domain/ids.ts';
import { CHALLENGE_RETURNED, storeChallengeLetter } from '../challenges.ts';
import type { Db } from '../client.ts';

/** The attempt that a payer's browser comes back to. */
export interface ReturningAttempt {
  readonly paymentId: string;
  readonly attemptId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** What the provider calls it, once it has said so. */
  readonly providerReference?: string;
  readonly reference?: string;
  /** Where the merchant wants the browser; absent: nowhere. */
  readonly returnUrl?: string;
  /** Absent: it was not authenticated. */
  readonly authenticationStatus?: AuthenticationStatus;
  /** How many returns lie in the box already. */
  readonly returns: number;
}

export interface RefusedReturn {
  /** As the URL named it, where such a payment may be. */
  readonly paymentId?: string;
  readonly code: string;
  readonly detail: string;
}

export interface ReturnBox {
  find(paymentId: string, attemptNumber: number): Promise<ReturningAttempt | undefined>;
  /** A letter into the payment's box. Answers whether it is new: a repetition has the same name. */
  store(letter: {
    readonly paymentId: string;
    readonly attemptId: string;
    readonly name: string;
    /** What the browser brought back. */
    readonly returned: Readonly<Record<string, string>>;
  }): Promise<boolean>;
  /** Append-only: the table takes no change and no removal. */
  recordRefusal(refused: RefusedReturn): Promise<void>;
}

export function createReturnBox(db: Db): ReturnBox {
  return {
    find: (paymentId, attemptNumber) => findAttempt(db, attemptIdFor(paymentId, attemptNumber)),
    async store(letter) {
      return (await storeChallengeLetter(db, { ...letter, eventType: CHALLENGE_RETURNED })) === true;
    },
    async recordRefusal(refused) {
      await db.returnRefusal.create({ data: refused });
    },
  };
}

interface AttemptRow {
  readonly payment_id: string;
  readonly attempt_id: string;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly provider_reference: string | null;
  readonly reference: string | null;
  readonly return_url: string | null;
  readonly status: AuthenticationStatus | null;
  readonly returns: number;
}

async function findAttempt(db: Db, attemptId: string): Promise<ReturningAttempt | undefined> {
  const rows = await db.$queryRaw<AttemptRow[]>`
    SELECT a.payment_id, a.id AS attempt_id, p.amount_minor, p.currency, a.provider_reference, p.reference, p.return_url,
      a.authentication->>'status' AS status,
      (SELECT count(*)::int FROM inbox i WHERE i.payment_id = a.payment_id AND i.reference = a.id
        AND i.event_type = ${CHALLENGE_RETURNED}) AS returns
    FROM attempt a JOIN payment p ON p.id = a.payment_id WHERE a.id = ${attemptId}`;
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    paymentId: row.payment_id,
    attemptId: row.attempt_id,
    amountMinor: Number(row.amount_minor),
    currency: row.currency,
    ...(row.provider_reference === null ? {} : { providerReference: row.provider_reference }),
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.return_url === null ? {} : { returnUrl: row.return_url }),
    ...(row.status === null ? {} : { authenticationStatus: row.status }),
    returns: row.returns,
  };
}
