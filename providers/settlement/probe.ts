import { isBankFormat, parseBankStatement } from './bank/parse.ts';
import { SettlementFileError } from './errors.ts';
import { parseSettlement } from './parse.ts';
import { layoutNamed } from './registry.ts';

export interface HeadProblem {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: string;
}

/** As much of a file as is looked at before it is taken in. */
export const HEAD_BYTES = 65_536;

/**
 * Whether a file begins as its format does: its header, and the first lines. Whoever sends a wrong file hears so at
 * once; the whole of it is read later.
 */
export async function problemOfHead(
  format: string,
  head: Uint8Array,
  isWhole: boolean,
): Promise<HeadProblem | undefined> {
  const layout = layoutNamed(format);
  const content = isWhole ? once(head) : begun(head);
  try {
    if (layout !== undefined) await readAll(parseSettlement(content, layout, { raw: false }));
    // A statement is read as a whole, so of its beginning alone nothing can be said.
    else if (isBankFormat(format) && isWhole) await readAll(parseBankStatement(content, format));
    return undefined;
  } catch (error) {
    if (error instanceof HeadRead) return undefined;
    if (!(error instanceof SettlementFileError)) throw error;
    const { reason, line, column, detail, remedy } = error;
    return {
      code: reason,
      line,
      message: `${detail}; ${remedy}`,
      ...(column === undefined ? {} : { column }),
    };
  }
}

async function readAll(parsed: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of parsed);
}

/** The parser asks for more: nothing was wrong so far. */
class HeadRead extends Error {}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function* begun(head: Uint8Array): AsyncGenerator<Uint8Array> {
  yield head;
  throw new HeadRead();
}
