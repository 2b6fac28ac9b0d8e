import { Secret, TOTP } from 'otpauth';

/** Codes of an authenticator app (RFC 6238), as every such app makes them: SHA-1, six digits, thirty seconds. */
const FORM = { issuer: 'Interlock', algorithm: 'SHA1', digits: 6, period: 30 } as const;
const SECRET_BYTES = 20;
/** A clock may be this many steps off. */
const WINDOW = 1;

export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** What an authenticator app scans. */
export function totpUri(secret: string, email: string): string {
  return totpOf(secret, email).toString();
}

/** The step that the code is of, or undefined where it is of none near now. A step's code counts once. */
export function totpStep(secret: string, code: string, nowMs: number): number | undefined {
  const totp = totpOf(secret, '');
  const delta = totp.validate({ token: code, timestamp: nowMs, window: WINDOW });
  return delta === null ? undefined : totp.counter({ timestamp: nowMs }) + delta;
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({ ...FORM, label, secret: Secret.fromBase32(secret) });
}
