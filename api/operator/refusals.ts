import type { Logger } from 'pino';
import type { OperatorRegister, RefusedCommand } from '../../db/settings/index.ts';

/**
 * Writes down what was refused of operators' commands, and of all that comes by the console's cookie. What comes without a
 * valid key or session could be anybody's flood, so of those only so many a second become rows, of each kind of refusal for itself,
 * so that a noisy one hides no other; and a person's own flood has its limit too. The rest stand in the log.
 */
const STRANGERS_A_SECOND = 10;
const PERSONS_A_SECOND = 50;

export function createRefusalBook(register: OperatorRegister, logger: Logger) {
  let second = 0;
  let written = new Map<string, number>();
  const isTooMany = ({ operatorId, code }: RefusedCommand): boolean => {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) [second, written] = [now, new Map()];
    const whose = operatorId ?? `stranger/${code}`;
    const count = (written.get(whose) ?? 0) + 1;
    written.set(whose, count);
    return count > (operatorId === undefined ? STRANGERS_A_SECOND : PERSONS_A_SECOND);
  };
  return async (refused: RefusedCommand): Promise<void> => {
    if (isTooMany(refused)) return;
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
