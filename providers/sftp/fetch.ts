/**
 * providers/sftp/: settlement files that lie on a server for us, whoever's account it is: PayPal's reports, a bank's
 * statements, any provider that is set so. What lives here: finding the files that are whole and not held yet, and
 * reading them. What may not: what is in them (providers/settlement), or which account has which server (its settings).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SettlementReport, SettlementRequest } from '../provider.ts';
import { DOWNLOAD_LIMITS, type DownloadLimits, ReportFault, readWithin } from '../reports.ts';
import type { SftpSource } from './config.ts';
import { openSession, type RemoteFile, type SftpSession } from './session.ts';

/** One day never has so many; the rest comes with the next question. */
const MOST_FILES = 200;

/** How programs name what they have not finished writing, and what is none of a day's files. */
const UNFINISHED = /^[.~]|\.(?:tmp|temp|part|partial|filepart|writing|crdownload|swp|lock)$/i;
/** A name is shown to people and kept for ever. */
const USABLE_NAME = /^[^/\\\p{C}]{1,200}$/u;

/**
 * The folder's files that are not held, oldest first. One that is held under its name and has another size now was not
 * whole then, and comes again: what is the same in it shows as duplicates. What is still being written is left for the next time, which is said at
 * the end, so that a day with nothing else waits for it.
 */
export async function* fetchFromSftp(
  source: SftpSource,
  request: SettlementRequest,
  limits: DownloadLimits = DOWNLOAD_LIMITS,
): AsyncGenerator<SettlementReport> {
  const session = await openSession(source, request);
  try {
    const { whole, growing } = await lookTwice(session, source, request);
    for (const file of whole.slice(0, MOST_FILES))
      yield {
        name: file.name,
        format: source.format,
        content: contentOf(session, file, { limits, signal: request.signal }),
      };
    if (whole.length > MOST_FILES)
      throw new ReportFault(`more than ${MOST_FILES} files are waiting; ask again for the rest`, true);
    if (growing > 0)
      throw new ReportFault(
        `${growing} of the folder’s files changed while we looked: still being written`,
        true,
      );
  } finally {
    session.close();
  }
}

interface Found {
  readonly whole: readonly RemoteFile[];
  readonly growing: number;
}

/** Whole is what is the same a while later. The clock of the server is not asked: it need not be right. */
async function lookTwice(
  session: SftpSession,
  source: SftpSource,
  request: SettlementRequest,
): Promise<Found> {
  const { signal } = request;
  const isNew = newOnes(source, request);
  const first = (await session.list()).filter(isNew);
  if (first.length === 0) return { whole: [], growing: 0 };
  await delay(source.settleMs, undefined, signal === undefined ? {} : { signal });
  const before = new Map(first.map((file) => [file.name, file]));
  const second = (await session.list()).filter(isNew);
  // A name without content is a place that somebody has taken and not filled yet.
  const whole = second.filter((file) => file.sizeBytes > 0 && isSame(file, before.get(file.name)));
  return {
    whole: whole.toSorted((a, b) => a.changedMs - b.changedMs || (a.name < b.name ? -1 : 1)),
    growing: second.length - whole.length,
  };
}

function newOnes(
  { pattern, sinceMs }: SftpSource,
  { held, heldFiles }: Pick<SettlementRequest, 'held' | 'heldFiles'>,
): (file: RemoteFile) => boolean {
  const names = new Set(held);
  const sized = heldFiles && new Set(heldFiles.map(({ name, sizeBytes }) => `${sizeBytes} ${name}`));
  const isHeld = ({ name, sizeBytes }: RemoteFile) =>
    names.has(name) && sized?.has(`${sizeBytes} ${name}`) !== false;
  const form = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '.*')
      .replace(/\?/g, '.')}$`,
    'us',
  );
  return (file) => {
    const { name, changedMs } = file;
    if (isHeld(file) || !form.test(name) || UNFINISHED.test(name) || changedMs < sinceMs) return false;
    // Left out in silence, its money would be missed.
    if (!USABLE_NAME.test(name))
      throw new ReportFault(
        'a file’s name has control characters or is too long: narrow settings.sftp.pattern',
        false,
      );
    return true;
  };
}

function isSame(file: RemoteFile, other: RemoteFile | undefined): boolean {
  return other !== undefined && other.sizeBytes === file.sizeBytes && other.changedMs === file.changedMs;
}

/** All that was there when we looked, and nothing else: SFTP itself says neither how much will come nor whether it came. */
async function* contentOf(
  session: SftpSession,
  file: RemoteFile,
  { limits, signal }: { readonly limits: DownloadLimits; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  if (file.sizeBytes > limits.maxBytes) throw new ReportFault('the file is too large', false);
  yield* readWithin(session.content(file.name), {
    limits,
    judge: session.faultOf,
    atEnd: async (received) => {
      signal?.throwIfAborted();
      if (received !== file.sizeBytes || !isSame(await session.describe(file.name), file))
        throw new ReportFault('the file changed while it was read', true);
    },
  });
}
