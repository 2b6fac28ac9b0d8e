import type { ReconciledAccount } from '../../db/reconciliation/accounts.ts';
import { noteAsked, openQuestions, type Question } from '../../db/reconciliation/asks.ts';
import type { Run } from '../../db/reconciliation/index.ts';
import { loadSendFacts, observe } from '../../db/sends.ts';
import type { ProviderConnection } from '../../providers/provider.ts';
import type { Dependencies } from '../dependencies.ts';
import { lookup, putQuestion } from '../payment/inquire.ts';
import { type Answer, type Asked, answerOf, entryOf, letterOfAnswer } from './answers.ts';
import { adapterOf, counted, type DayOrder, mustFindAccount, runAt, type Said, watched } from './day.ts';
import { sendLetters } from './send-letters.ts';

/** In one run of a day. What is beyond it has its turn on the next. */
const QUESTIONS_A_RUN = 200;
const AT_ONCE = 4;
/** So many failures in a row, and the provider is left alone for today. */
const FAILURES_AT_MOST = 8;

export interface ProviderAsked extends Said {
  readonly asked: number;
  readonly letters: number;
}

/**
 * Asks the provider about open cases that wait for its word: what is booked and in no file, what is in a file and in no
 * book. Its answer becomes an entry of the case, and news to the payment where it contradicts what is booked. A case
 * with an entry of the day was asked about; a question that failed leaves nothing, so it is asked again by a later run.
 */
export function createAskProvider(deps: Dependencies) {
  return async function askProvider(day: DayOrder): Promise<ProviderAsked> {
    const account = await mustFindAccount(deps, day.accountId);
    return watched(async (tell) => {
      const run = await runAt(deps, day, 'ask');
      const { questions, later, unaskable } = await openQuestions(deps.db, run, QUESTIONS_A_RUN);
      const connection = questions.length === 0 ? undefined : connectionOf(deps, account);
      if (connection?.lookup === undefined) {
        const cases = questions.length + later + unaskable;
        const said = cases === 0 ? 'nothing to ask' : `${counted(cases, 'case')} cannot be asked about`;
        return { said, asked: 0, letters: 0 };
      }
      const round = new Round({ deps, run, account, connection });
      await round.ask(questions, tell);
      const { asked, letters } = round;
      return { said: round.said(later, unaskable), asked, letters };
    });
  };
}

function connectionOf(deps: Dependencies, account: ReconciledAccount): ProviderConnection | undefined {
  return adapterOf(deps, account) === undefined ? undefined : deps.providers.connection(account);
}

interface Asking {
  readonly deps: Dependencies;
  readonly run: Run;
  readonly account: ReconciledAccount;
  readonly connection: ProviderConnection;
}

/** The questions of one run, a few at a time, and what has come of them. */
class Round {
  letters = 0;
  readonly #asking: Asking;
  readonly #answers: Answer['type'][] = [];
  #failuresInARow = 0;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  get asked(): number {
    return this.#answers.filter((type) => type !== 'failed').length;
  }

  async ask(questions: readonly Question[], tell: (details: object) => void): Promise<void> {
    const left = [...questions];
    const one = async () => {
      for (let question = left.shift(); question !== undefined; question = left.shift()) {
        await this.#put(question);
        tell({ asked: this.#answers.length, of: questions.length });
        if (this.#failuresInARow >= FAILURES_AT_MOST) left.length = 0;
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, one));
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  }

  async #put(question: Question): Promise<void> {
    const { answer, asked } = await putTo(this.#asking, question);
    this.#answers.push(answer.type);
    this.#failuresInARow = answer.type === 'failed' ? this.#failuresInARow + 1 : 0;
    if (answer.type === 'failed') return;
    const { deps, run, account } = this.#asking;
    // First the letter, which is one however often it is written; the entry says that all is done.
    if (asked !== undefined) this.letters += await write(this.#asking, question, asked, answer);
    await noteAsked(deps.db, run, entryOf(account.provider, question, answer));
  }

  said(later: number, unaskable: number): string {
    const of = (type: Answer['type'], words: string) => {
      const count = this.#answers.filter((each) => each === type).length;
      return count === 0 ? [] : [`${count} ${words}`];
    };
    const parts = [
      ...of('as_booked', 'as we have it'),
      ...of('otherwise', 'otherwise'),
      ...of('not_found', 'not found'),
      ...of('unclear', 'unclear'),
      ...of('failed', 'failed'),
      ...(unaskable === 0 ? [] : [`${unaskable} cannot be asked about`]),
      ...(later === 0 ? [] : [`${later} left for a later day`]),
      ...(this.#failuresInARow >= FAILURES_AT_MOST ? ['given up for now'] : []),
    ];
    return parts.length === 0 ? 'nothing to ask' : `${parts.join(', ')}; ${counted(this.letters, 'letter')}`;
  }
}

async function putTo(
  { deps, connection }: Asking,
  question: Question,
): Promise<{ readonly answer: Answer; readonly asked?: Asked }> {
  if (question.about === 'line') {
    const { providerReference, merchantReference: reference, amountMinor, currency } = question;
    const result = await putQuestion(deps, connection, {
      kind: 'sale',
      reference,
      authorizationReference: reference,
      providerReference,
      amountMinor,
      currency,
    });
    return { answer: answerOf(question, result) };
  }
  const facts = await loadSendFacts(deps.db, question.operationId);
  const result = await lookup(deps, facts);
  if (result.type === 'found') {
    const { generation } = question;
    await observe(deps.db, facts, { source: 'reconciliation', generation, outcome: result.outcome });
  }
  return { answer: answerOf(question, result), asked: facts };
}

/** Answers how many letters are new. */
async function write(
  { deps, run, account }: Asking,
  question: Question,
  asked: Asked,
  answer: Answer,
): Promise<number> {
  const letter = letterOfAnswer(question, run.businessDate, asked, answer);
  return letter === undefined ? 0 : sendLetters(deps, account, { case: question.exceptionId }, [letter]);
}
