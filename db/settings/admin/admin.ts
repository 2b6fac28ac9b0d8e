import type { Mode } from '../../../domain/ids.ts';
import type { Db } from '../../client.ts';
import {
  type Done,
  doOnce,
  type KeptOnce,
  type NamedRequest,
  SAME_REQUEST,
  type Transaction,
} from '../../requests/once.ts';

/** Who administers, and why, as it goes into the chain of administrators' acts. */
export interface Admin {
  /** `operator:<id>`. */
  readonly actor: string;
  readonly operatorId: string;
  readonly reason?: string;
}

/** Whose an administrator's request is: operators know no test mode. */
export function ownerOf({ operatorId }: Admin): { readonly merchantId: string; readonly mode: Mode } {
  return { merchantId: operatorId, mode: 'live' };
}

/**
 * An administrator's act, once for a request. Its repetition waits for it: what makes a row of the request's own name, or
 * is refused where it was done already, can't be tried twice at once.
 */
export function adminOnce(
  db: Db,
  admin: Admin,
  request: NamedRequest,
  act: (tx: Transaction) => Promise<Done | undefined>,
): Promise<KeptOnce> {
  return doOnce(db, ownerOf(admin), request, act, SAME_REQUEST);
}
