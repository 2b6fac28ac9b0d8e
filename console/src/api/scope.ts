/**
 * What every request of this tab carries beside its own content: the session's CSRF token and the merchant that is looked
 * at. Held here, in one place, because the client reads them outside of React; the hooks write them.
 */
interface Scope {
  csrfToken?: string;
  /** `<merchant id>/<mode>`. */
  merchant?: string;
}

const scope: Scope = {};

export function setCsrfToken(token: string | undefined): void {
  if (token === undefined) delete scope.csrfToken;
  else scope.csrfToken = token;
}

export function setScopedMerchant(merchant: string | undefined): void {
  if (merchant === undefined) delete scope.merchant;
  else scope.merchant = merchant;
}

export function scopedMerchant(): string | undefined {
  return scope.merchant;
}

/** Operators' routes see every merchant and are sent none. */
export function scopedHeaders(path: string, method: string): Readonly<Record<string, string>> {
  const isOperators = path.startsWith('/v1/operator/') || path.startsWith('/v1/console/');
  return {
    ...(scope.merchant === undefined || isOperators ? {} : { 'Interlock-Merchant': scope.merchant }),
    ...(scope.csrfToken === undefined || method === 'GET' ? {} : { 'X-CSRF-Token': scope.csrfToken }),
  };
}
