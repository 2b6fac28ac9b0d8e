import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Judged, SessionPerson } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';
import type { AccessParts } from './settings.ts';

/** Who is signed in with this request, and until when. */
export interface Session {
  readonly person: SessionPerson;
  readonly digest: string;
  /** What every command that comes by this cookie has to say too, and no other site can know. */
  readonly csrfToken: string;
  /** When it ends if nothing is done before. */
  readonly endsAtMs: number;
}

export interface Sessions {
  /** A new one, for somebody who has just proven who they are. Undefined: not by what they would prove it with now. */
  open(judged: Judged): Promise<{ readonly token: string; readonly session: Session } | undefined>;
  /** Ends the session of a cookie that its own browser has no more use for. */
  replace(token: string | undefined): Promise<void>;
  /** Throws what is wrong with the cookie. `isUse`: false where nobody did anything, e.g. a page reads again by itself. */
  known(token: string, isUse: boolean): Promise<Session>;
  isCsrfToken(session: Session, given: string | undefined): boolean;
}

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * Sessions by a random token of 256 bits. Postgres has its keyed digest, so that who reads the table cannot sign in, and the
 * CSRF token follows from it by the same key, so that nothing more is kept.
 */
export function createSessions(parts: AccessParts, keyedDigest: (text: string) => string): Sessions {
  const { sessions, settings } = parts;
  const digestOf = (token: string) => keyedDigest(`interlock/console-session/${token}`);
  const csrfTokenOf = (token: string) => keyedDigest(`interlock/console-csrf/${token}`);
  const known: Sessions['known'] = async (token, isUse) => {
    const digest = TOKEN.test(token) ? digestOf(token) : undefined;
    const stored = digest === undefined ? undefined : await sessions.find(digest);
    if (digest === undefined || stored === undefined) throw problem('session_invalid');
    const nowMs = settings.now();
    const idleEndMs = stored.seenAtMs + settings.idleMs;
    if (stored.isRevoked || nowMs >= Math.min(idleEndMs, stored.expiresAtMs))
      throw problem('session_expired');
    const isDue = isUse && nowMs - stored.seenAtMs >= settings.renewEveryMs;
    if (isDue) await sessions.seen(digest, nowMs);
    return {
      person: stored.person,
      digest,
      csrfToken: csrfTokenOf(token),
      endsAtMs: Math.min(isDue ? nowMs + settings.idleMs : idleEndMs, stored.expiresAtMs),
    };
  };
  return {
    known,
    async open(judged) {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const nowMs = settings.now();
      const expiresAtMs = nowMs + settings.absoluteMs;
      const isOpen = await sessions.open({ digest: digestOf(token), judged, nowMs, expiresAtMs });
      return isOpen ? { token, session: await known(token, true) } : undefined;
    },
    async replace(token) {
      if (token === undefined || !TOKEN.test(token)) return;
      await sessions.revoke(digestOf(token), 'signed_in_again', settings.now());
    },
    isCsrfToken({ csrfToken }, given) {
      const [expected, said] = [Buffer.from(csrfToken), Buffer.from(given ?? '')];
      return expected.length === said.length && timingSafeEqual(expected, said);
    },
  };
}
