import type { z } from 'zod';
import { problem } from '../problems.ts';
import type { Reply, Services } from '../route.ts';
import { pathOfRun, renderFile } from './render.ts';
import type { uploadQuerySchema } from './schema.ts';
import { spooled } from './spool.ts';

type Upload = z.output<typeof uploadQuerySchema>;

/**
 * Takes a file in as it comes: its beginning is looked at first, so that a wrong one is refused with its line and
 * reason before it is stored; it is kept once it has come whole, and then the day's run is started, or woken. The same bytes are the same file.
 */
export async function upload(
  order: Upload,
  content: AsyncIterable<Uint8Array>,
  { settlements, settlementFiles, reconciliations }: Services,
): Promise<Reply> {
  const { account, format, business_date: businessDate, name } = order;
  if (!(await settlements.hasAccount(account)))
    throw problem('provider_account_unknown', { param: 'account' });
  const { formats } = settlementFiles;
  if (!formats.includes(format)) {
    const message = `No format has this name. The formats are: ${formats.join(', ')}.`;
    throw problem('parameter_invalid', { param: 'format', message });
  }
  const { head, isWhole, rest } = await beheaded(content, settlementFiles.headBytes);
  if (head.byteLength === 0) throw problem('settlement_file_refused', { message: 'The file is empty.' });
  const refusal = await settlementFiles.problemOfHead(format, head, isWhole);
  if (refusal !== undefined) {
    const { code, line, column, message } = refusal;
    const place =
      line === undefined ? '' : `line ${line}${column === undefined ? '' : `, column "${column}"`}: `;
    throw problem('settlement_file_refused', { message: `${place}${message} (${code})` });
  }
  const arrival = { accountId: account, businessDate, format, source: 'uploaded' as const, name };
  const { type, file } = await spooled(rest, (whole) => settlementFiles.receive(arrival, whole));
  // Also for bytes that were there: the run that they were meant for may never have heard of them.
  await reconciliations.run(file.accountId, file.businessDate);
  return {
    status: type === 'received' ? 201 : 200,
    body: renderFile(file),
    headers: { Location: pathOfRun(file) },
  };
}

interface Beheaded {
  readonly head: Uint8Array;
  /** There is nothing after it. */
  readonly isWhole: boolean;
  /** All of it, the head included. */
  readonly rest: AsyncIterable<Uint8Array>;
}

async function beheaded(content: AsyncIterable<Uint8Array>, headBytes: number): Promise<Beheaded> {
  const chunks = content[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  while (length <= headBytes) {
    const next = await chunks.next();
    if (next.done === true) {
      isWhole = true;
      break;
    }
    first.push(next.value);
    length += next.value.byteLength;
  }
  const head = Buffer.concat(first);
  const rest = async function* () {
    yield head as Uint8Array;
    while (!isWhole) {
      const next = await chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  };
  return { head, isWhole, rest: rest() };
}
