import { hashPassword, isPassword, nobodysHash, type PasswordCost } from '../../db/settings/index.ts';
import { problem } from '../problems.ts';

/**
 * Every password is judged here, one after another: each takes a core for some tenths of a second and 128 MB, and whoever sends
 * a thousand must not take them from payments. Who comes when the queue is full is told to come again.
 */
export interface PasswordGate {
  hash(password: string): Promise<string>;
  /** Without a hash it takes as long, and is never right. */
  isRight(password: string, hash: string | undefined): Promise<boolean>;
}

const AT_ONCE = 1;
const MOST_WAITING = 20;
const RETRY_AFTER_SECONDS = '5';

export function createPasswordGate(cost: PasswordCost): PasswordGate {
  const nobodys = nobodysHash(cost);
  const waiting: (() => void)[] = [];
  let running = 0;
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < AT_ONCE) running += 1;
    else if (waiting.length >= MOST_WAITING) {
      throw problem('sign_ins_busy').withHeaders({ 'Retry-After': RETRY_AFTER_SECONDS });
    } else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place is handed on, so that nobody who comes in between takes it.
      if (next === undefined) running -= 1;
      else next();
    }
  };
  return {
    hash: (password) => inTurn(() => hashPassword(password, cost)),
    isRight: (password, hash) => inTurn(() => isPassword(password, hash ?? nobodys)),
  };
}
