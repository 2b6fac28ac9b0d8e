import type { Mode } from '../../../domain/ids.ts';

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
