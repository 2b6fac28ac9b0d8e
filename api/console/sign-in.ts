import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Credentials, Proven } from '../../db/settings/index.ts';
import type { SecretSealer } from '../deps.ts';
import { Problem, problem } from '../problems.ts';
import { createPasswordGate, type PasswordGate } from './password-gate.ts';
import type { AccessParts } from './settings.ts';
import { totpStep } from './totp.ts';

/** Judges who says to be whom. */
export interface Doorkeeper {
  readonly passwords: PasswordGate;
  /** Who it is, or the Problem that says no more than it must. `address`: whose tries are counted together. */
  admit(said: Said, from: { readonly address: string; readonly log: Logger }): Promise<Proven>;
  /** Of somebody who is signed in, once more before a change of what they sign in with. */
  confirm(operatorId: string, password: string, log: Logger): Promise<Proven>;
}

export interface Said {
  /** In lower case. */
  readonly email: string;
  readonly password: string;
  readonly code?: string | undefined;
}

/**
 * The rules: a try is counted before it is judged, by the e-mail that it names, whoever's that is; an unknown person costs as
 * much time as a known one; and one answer covers an unknown e-mail, a wrong password, a wrong or used code and a disabled
 * account. A locked address is told so whatever is sent, the right password too, and so is one that nobody has.
 */
export function createDoorkeeper(parts: AccessParts, vault: SecretSealer): Doorkeeper {
  const { credentials, tries, settings, points } = parts;
  const passwords = createPasswordGate(settings.passwordCost);

  /** The person, where the password is theirs; a one-time password whose time is over is nobody's any more. */
  const judgePassword = async (
    person: Credentials | undefined,
    { email, password }: Said,
  ): Promise<Proven | undefined> => {
    const isOver = settings.now() >= (person?.passwordExpiresAtMs ?? Number.POSITIVE_INFINITY);
    const passwordHash = isOver ? undefined : person?.passwordHash;
    try {
      const isRight = await passwords.isRight(password, passwordHash);
      return isRight && person !== undefined && passwordHash !== undefined
        ? { ...person, passwordHash }
        : undefined;
    } catch (error) {
      // It was never judged, so it is nothing against anybody.
      if (error instanceof Problem) await tries.forgive(email);
      throw error;
    }
  };
  const isCode = async ({ operatorId, sealedTotp }: Credentials, code: string): Promise<boolean> => {
    if (sealedTotp === undefined) return false;
    const step = totpStep(vault.openSecret(sealedTotp, operatorId).current, code, settings.now());
    return step !== undefined && (await credentials.spendCode(operatorId, { step, sealedTotp }));
  };
  const judgeCode = async (person: Credentials, { email, code }: Said): Promise<boolean> => {
    if (!person.isTotpConfirmed) return true;
    if (code !== undefined) return isCode(person, code);
    await tries.forgive(email);
    throw problem('code_required');
  };
  /** Not waited for: nobody's e-mail leaves no such row, and the time that it takes would tell. */
  const noteRefusal = ({ operatorId }: Credentials, isLocked: boolean, log: Logger) => {
    credentials.note(operatorId, 'person.sign_in_refused', { locked: isLocked }).catch((error: unknown) => {
      log.error({ err: error }, 'a refused sign-in was not written');
    });
  };

  return {
    passwords,
    async admit(said, { address, log }) {
      const { points: most, seconds } = settings.triesPerAddress;
      const { consumed, endsInMs } = await points.take(addressKey(address), 1, seconds);
      if (consumed > most) {
        const retryAfter = String(Math.max(1, Math.ceil(endsInMs / 1_000)));
        throw problem('too_many_sign_ins').withHeaders({ 'Retry-After': retryAfter });
      }
      const tried = await tries.begin(said.email, settings.now());
      if (tried === 'locked') throw problem('account_locked');
      const person = await credentials.byEmail(said.email);
      const proven = await judgePassword(person, said);
      if (proven !== undefined && !proven.isDisabled && (await judgeCode(proven, said))) {
        await tries.forget(said.email);
        return proven;
      }
      if (person !== undefined) noteRefusal(person, tried === 'last', log);
      throw problem('sign_in_refused');
    },
    async confirm(operatorId, password, log) {
      const person = await credentials.byId(operatorId);
      if (person === undefined) throw problem('session_expired');
      // A session that was stolen gives nobody more guesses than a sign-in does.
      const tried = await tries.begin(person.email, settings.now());
      if (tried === 'locked') throw problem('account_locked');
      const proven = await judgePassword(person, { email: person.email, password });
      if (proven !== undefined) {
        await tries.forget(person.email);
        return proven;
      }
      noteRefusal(person, tried === 'last', log);
      throw problem('password_wrong');
    },
  };
}

/** An address is somebody's, and needs not be kept as it is to be counted. */
function addressKey(address: string): string {
  return `sign-in:${createHash('sha256').update(address).digest('base64url')}`;
}
