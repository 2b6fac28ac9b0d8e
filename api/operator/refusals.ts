import type { Logger } from 'pino';
import type { OperatorRegister, RefusedCommand } from '../../db/settings/index.ts';

/**
 * Writes down what was refused of operators' commands, and of all that comes by the console's cookie. What comes without a
 * valid key or session could be anybody's flood, so of those only so many a second become rows: of each kind of refusal for itself,
 * so that a noisy one hides no other, and of all together, so that many kinds fill no disk. A person's own flood has its limit
 * too. The rest stand in the log alone, where every request has its line.
 */
const STRANGERS_A_SECOND_OF_A_KIND = 10;
const STRANGERS_A_SECOND = 20;
const STRANGERS_AN_HOUR = 10_000;
const PERSONS_A_SECOND = 50;

/** How often each name came in the window that is open now. */
class Counts {
  readonly #lengthMs: number;
  #window = 0;
  #counts = new Map<string, number>();

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  take(name: string, most: number, nowMs: number): 'taken' | 'first_too_many' | 'too_many' {
    const window = Math.floor(nowMs / this.#lengthMs);
    if (window !== this.#window) [this.#window, this.#counts] = [window, new Map()];
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count <= most) return 'taken';
    return count === most + 1 ? 'first_too_many' : 'too_many';
  }
}

export function createRefusalBook(
  register: Pick<OperatorRegister, 'recordRefusal'>,
  logger: Pick<Logger, 'error' | 'warn'>,
  now: () => number = Date.now,
) {
  const second = new Counts(1_000);
  const hour = new Counts(3_600_000);
  const isTooMany = ({ code }: RefusedCommand, whose: string | undefined): boolean => {
    const nowMs = now();
    if (whose !== undefined) return second.take(whose, PERSONS_A_SECOND, nowMs) !== 'taken';
    if (second.take(`stranger/${code}`, STRANGERS_A_SECOND_OF_A_KIND, nowMs) !== 'taken') return true;
    if (second.take('strangers', STRANGERS_A_SECOND, nowMs) !== 'taken') return true;
    const taken = hour.take('strangers', STRANGERS_AN_HOUR, nowMs);
    if (taken === 'first_too_many')
      logger.warn(
        { rows: STRANGERS_AN_HOUR },
        "strangers' refusals of this hour stand in the log alone from here on",
      );
    return taken !== 'taken';
  };
  /** `key`: the merchant's key that it came by, which is nobody's operator and no stranger either. */
  return async (refused: RefusedCommand, key?: string): Promise<void> => {
    if (isTooMany(refused, refused.operatorId ?? key)) return;
    try {
      await register.recordRefusal(refused);
    } catch (error) {
      // The command stays refused; that it left no row must not go unseen.
      logger.error(
        { err: error, request_id: refused.requestId, code: refused.code },
        'a refusal was not written',
      );
    }
  };
}
