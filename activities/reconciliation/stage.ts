import { openRefusedException } from '../../db/reconciliation/exceptions.ts';
import {
  type FileRefusal,
  filesOf,
  type Run,
  readFile,
  receiveBankLines,
  refuseFile,
  type SettlementFile,
  stageFile,
  storeVerdicts,
} from '../../db/reconciliation/index.ts';
import { markStatementKept } from '../../db/reconciliation/statements.ts';
import { assert } from '../../domain/machine.ts';
import { type Break, classify } from '../../domain/reconciliation/classify.ts';
import type { FileComparison } from '../../domain/reconciliation/comparison.ts';
import { type FileTrailer, type SettlementRow, TOTALS_WARNINGS } from '../../domain/reconciliation/row.ts';
import { TABLE } from '../../domain/reconciliation/table.ts';
import type { Policy } from '../../domain/reconciliation/tolerance.ts';
import { type BankFormat, isBankFormat, parseBankStatement } from '../../providers/settlement/bank/parse.ts';
import { SettlementFileError } from '../../providers/settlement/errors.ts';
import { type FileEnd, parseSettlementBatches } from '../../providers/settlement/parse.ts';
import { layoutNamed } from '../../providers/settlement/registry.ts';
import type { Dependencies } from '../dependencies.ts';
import { copyPoolOf, counted, type DayOrder, mustFindAccount, runAt, type Said, watched } from './day.ts';
import { policyOf } from './policy.ts';

/**
 * Reads the day's files into rows beside their bookings: each in one transaction, the whole file or nothing of it. One
 * that cannot be read to its end, or that is not to be taken in as a whole, is refused, with the reason.
 */
export function createStageSettlements(deps: Dependencies) {
  return async function stageSettlements(day: DayOrder): Promise<Said> {
    const policy = policyOf(await mustFindAccount(deps, day.accountId));
    return watched(async (tell) => {
      const run = await runAt(deps, day, 'stage');
      const files = await filesOf(deps.db, day.accountId, day.businessDate);
      const came = { rows: 0, open: 0, refused: 0 };
      for (const file of files.filter(({ status }) => status !== 'refused' && status !== 'posted')) {
        const onProgress = (rows: number) => tell({ name: file.name, rows });
        const staged = await stage(deps, { run, file, policy, onProgress });
        if (staged === 'refused') came.refused += 1;
        else {
          came.rows += staged.rows;
          came.open += staged.open;
        }
      }
      const refused = came.refused === 0 ? '' : `, ${counted(came.refused, 'file')} refused`;
      return { said: `${counted(came.rows, 'line')}, ${came.open} of them to be looked at${refused}` };
    });
  };
}

interface Work {
  readonly run: Run;
  readonly file: SettlementFile;
  readonly policy: Policy;
  readonly onProgress: (rows: number) => void;
}

type Staged = { readonly rows: number; readonly open: number } | 'refused';

async function stage(deps: Dependencies, work: Work): Promise<Staged> {
  const { file } = work;
  try {
    return isBankFormat(file.format)
      ? await keepStatement(deps, work, file.format)
      : await stageLines(deps, work);
  } catch (error) {
    if (!(error instanceof SettlementFileError)) throw error;
    const { reason: code, line, message, remedy } = error;
    const refusal = { code, line, message: `${message}; ${remedy}` };
    // In this order, as in verify.ts.
    await openRefusedException(deps.db, file, refusal);
    await refuseFile(deps.db, file.id, refusal);
    return 'refused';
  }
}

async function stageLines(deps: Dependencies, { run, file, policy, onProgress }: Work): Promise<Staged> {
  const pool = copyPoolOf(deps);
  const reading = new Reading(deps, file);
  const result = await stageFile(pool, {
    run,
    file,
    rows: reading.rows(),
    end: () => reading.end(),
    judge: (comparison) => (stopping(comparison, policy) === undefined ? 'take' : 'leave'),
    onProgress,
  });
  if (result.type === 'already') return { rows: 0, open: 0 };
  if (result.type === 'staged') return result;
  const classified = stopping(result.whole, policy);
  assert(classified !== undefined, 'a file is left where it is stopped');
  await storeVerdicts(pool, run, [{ comparison: result.whole, classified }]);
  await refuseFile(deps.db, file.id, refusalOf(classified));
  return 'refused';
}

/**
 * The bank's lines are its merchant's: which payouts they are is found later, beside all of them. A statement that does
 * not add up is one that lines are missing of.
 */
async function keepStatement(deps: Dependencies, { run, file }: Work, format: BankFormat): Promise<Staged> {
  const lines: Parameters<typeof receiveBankLines>[2][number][] = [];
  for await (const parsed of parseBankStatement(readFile(deps.db, file.id), format)) {
    if (parsed.type === 'line') lines.push(parsed.line);
    else {
      const off = parsed.warnings.find(({ code }) => TOTALS_WARNINGS.has(code));
      if (off !== undefined) throw new SettlementFileError('not_balanced', off.line, off.message);
      await receiveBankLines(copyPoolOf(deps), run.merchantId, lines);
      await markStatementKept(deps.db, file.id, parsed.rows, parsed.warnings);
    }
  }
  return { rows: lines.length, open: 0 };
}

/** Why nothing of a file may be taken in, where that is so. */
function stopping(comparison: FileComparison, policy: Policy): Break | undefined {
  const classified = classify(comparison, policy);
  return classified.verdict !== 'clean' && classified.stops ? classified : undefined;
}

function refusalOf({ verdict }: Break): FileRefusal {
  const { title, explanation } = TABLE[verdict];
  return { code: verdict, message: `${title}. ${explanation}` };
}

/** A file being parsed: its rows in batches as they come, and what it says of itself once they have all come. */
class Reading {
  readonly #deps: Dependencies;
  readonly #file: SettlementFile;
  readonly #trailers: FileTrailer[] = [];
  #end: FileEnd | undefined;

  constructor(deps: Dependencies, file: SettlementFile) {
    this.#deps = deps;
    this.#file = file;
  }

  async *rows(): AsyncGenerator<readonly SettlementRow[]> {
    const layout = layoutNamed(this.#file.format);
    assert(layout !== undefined, 'a file is verified before it is read');
    const content = readFile(this.#deps.db, this.#file.id);
    for await (const { rows, trailers, end } of parseSettlementBatches(content, layout)) {
      this.#trailers.push(...trailers.map(({ trailer }) => trailer));
      if (end !== undefined) this.#end = end;
      if (rows.length > 0) yield rows;
    }
  }

  end() {
    assert(this.#end !== undefined, 'a file has an end once all its rows were read');
    const { rows, warnings } = this.#end;
    return { rows, warnings, trailers: this.#trailers };
  }
}
