import type { Logger } from 'pino';
import type { OperatorRegister, RefusedCommand } from '../../db/settings/index.ts';

/**
 * Writes down every operator's command that was refused. What comes without a valid key could be anybody's flood,
 * so of those only so many a second become rows; the rest stand in the log.
 */
const STRANGERS_A_SECOND = 10;

export function createRefusalBook(register: OperatorRegister, logger: Logger) {
  let second = 0;
  let strangers = 0;
  return async (refused: RefusedCommand): Promise<void> => {
    if (refused.operatorId === undefined) {
      const now = Math.floor(Date.now() / 1_000);
      strangers = now === second ? strangers + 1 : 1;
      second = now;
      if (strangers > STRANGERS_A_SECOND) return;
    }
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
