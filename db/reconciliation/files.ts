import { createHash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { type Db, poolOf } from '../client.ts';
import { Prisma, type SettlementFile as Row } from '../generated/client.ts';
import { type Connection, execute, query, transaction } from '../sql.ts';
import { closeLineCases } from './verdicts.ts';

/** A settlement file as it came: its bytes are the proof of all that is concluded from it. */
export interface SettlementFile {
  readonly id: string;
  readonly accountId: string;
  /** `YYYY-MM-DD`, the account's. */
  readonly businessDate: string;
  readonly format: string;
  readonly source: 'fetched' | 'uploaded';
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly status: FileStatus;
  readonly refusal?: FileRefusal;
  readonly rowCount?: number;
  readonly warnings: readonly FileWarning[];
  readonly duplicates: readonly Duplicate[];
  readonly receivedAt: string;
  readonly postedAt?: string;
}

export type FileStatus = 'received' | 'staged' | 'refused' | 'classified' | 'posted';

/** Why nothing of a file was taken in: one reason, and what to do about it. */
export interface FileRefusal {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
}

export interface FileWarning {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
}

/** The same bytes once more, under another name or for another day. */
export interface Duplicate {
  readonly businessDate: string;
  readonly name: string;
  readonly source: string;
  readonly at: string;
}

export type Arrival = Pick<SettlementFile, 'accountId' | 'businessDate' | 'format' | 'source' | 'name'>;

export type Received = { readonly type: 'received' | 'duplicate'; readonly file: SettlementFile };

const CHUNK_BYTES = 1_048_576;

/**
 * Keeps a file, a megabyte at a time, in one transaction: a reception that breaks off leaves nothing. The same bytes of
 * the same account are the file that is there: asked for again it is merely answered, under another name or for another
 * day it is noted as a duplicate.
 */
export async function receiveFile(
  db: Db,
  arrival: Arrival,
  content: AsyncIterable<Uint8Array>,
): Promise<Received> {
  const { accountId, businessDate, format, source, name } = arrival;
  const contentId = `sc_${randomBytes(16).toString('hex')}`;
  const pool = poolOf(db);
  try {
    const id = await transaction(pool, async (client) => {
      const { sha256, sizeBytes } = await writeChunks(client, contentId, content);
      // Of two receptions of the same bytes at once the second waits here for the first.
      const rows = await query<{ id: string }>(
        client,
        Prisma.sql`
        INSERT INTO settlement_file (id, account_id, business_date, format, source, name, sha256, size_bytes, content_id)
        VALUES (${fileIdOf(accountId, sha256)}, ${accountId}, ${businessDate}::date, ${format}, ${source}, ${name},
          ${sha256}, ${sizeBytes}::bigint, ${contentId})
        ON CONFLICT (account_id, sha256) DO NOTHING RETURNING id`,
        FOR_EVER,
      );
      if (rows[0] === undefined) throw new KnownBytes(sha256);
      return rows[0].id;
    });
    return { type: 'received', file: await mustFind(db, id) };
  } catch (error) {
    if (!(error instanceof KnownBytes)) throw error;
    const file = await mustFind(db, fileIdOf(accountId, error.sha256));
    const anew = file.status === 'refused' && (source === 'uploaded' || format !== file.format);
    if (anew) return { type: 'received', file: await takeAnew(db, file, arrival) };
    return { type: 'duplicate', file: await noteDuplicate(db, file, arrival) };
  }
}

/** Chunks come as fast as whoever sends them sends; a second reception waits as long as the first. */
const FOR_EVER = { timeoutMs: 0 };

/** From what it is and whose: the same file has the same id in every database that it comes to. */
function fileIdOf(accountId: string, sha256: string): string {
  return `sf_${createHash('sha256').update(`${accountId}:${sha256}`).digest('hex').slice(0, 26)}`;
}

async function mustFind(db: Db, id: string): Promise<SettlementFile> {
  return toFile(await db.settlementFile.findUniqueOrThrow({ where: { id } }));
}

/** Rolls the reception back. */
class KnownBytes extends Error {
  readonly sha256: string;
  constructor(sha256: string) {
    super('a file with these bytes is there');
    this.sha256 = sha256;
  }
}

async function writeChunks(
  client: Connection,
  contentId: string,
  content: AsyncIterable<Uint8Array>,
): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let sizeBytes = 0;
  let number = 0;
  const flush = async () => {
    if (pendingBytes === 0) return;
    const whole = Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    for (let from = 0; from < whole.length; from += CHUNK_BYTES) {
      const part = whole.subarray(from, from + CHUNK_BYTES);
      await execute(
        client,
        Prisma.sql`INSERT INTO settlement_file_chunk VALUES (${contentId}, ${number++}::int, ${part}::bytea)`,
        FOR_EVER,
      );
    }
  };
  for await (const bytes of content) {
    hash.update(bytes);
    sizeBytes += bytes.length;
    pending.push(bytes);
    pendingBytes += bytes.length;
    if (pendingBytes >= CHUNK_BYTES) await flush();
  }
  await flush();
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Somebody brings a file again that was refused: perhaps as what it is, perhaps to code that reads it now. */
async function takeAnew(db: Db, { id }: SettlementFile, arrival: Arrival): Promise<SettlementFile> {
  const { businessDate, format, name, source } = arrival;
  await db.settlementFile.updateMany({
    where: { id, status: 'refused' },
    data: {
      status: 'received',
      refusal: Prisma.DbNull,
      businessDate: new Date(businessDate),
      format,
      name,
      source,
    },
  });
  return mustFind(db, id);
}

/** The same name for the same day is the same reception, asked for again. */
async function noteDuplicate(db: Db, file: SettlementFile, arrival: Arrival): Promise<SettlementFile> {
  const { businessDate, name, source } = arrival;
  const same = (each: { name: string; businessDate: string }) =>
    each.name === name && each.businessDate === businessDate;
  if (same(file) || file.duplicates.some(same)) return file;
  const duplicate = { businessDate, name, source, at: new Date().toISOString() };
  const rows = await db.$queryRaw<{ duplicates: Duplicate[] }[]>(Prisma.sql`
    UPDATE settlement_file SET duplicates = duplicates || ${JSON.stringify([duplicate])}::jsonb
    WHERE id = ${file.id} RETURNING duplicates`);
  return { ...file, duplicates: rows[0]?.duplicates ?? file.duplicates };
}

/** A file's bytes, a chunk at a time. */
export async function* readFile(db: Db, fileId: string): AsyncGenerator<Uint8Array> {
  const pool = poolOf(db);
  // The next one is on its way while this one is read.
  let coming = readChunk(pool, fileId, 0);
  for (let number = 1; ; number += 1) {
    const chunk = await coming;
    if (chunk === undefined) return;
    coming = readChunk(pool, fileId, number);
    // Whoever stops in the middle never asks for it.
    coming.catch(() => undefined);
    yield chunk;
  }
}

async function readChunk(pool: Pool, fileId: string, number: number): Promise<Uint8Array | undefined> {
  const [chunk] = await query<{ content: Uint8Array }>(
    pool,
    Prisma.sql`
    SELECT c.content FROM settlement_file f JOIN settlement_file_chunk c ON c.content_id = f.content_id
    WHERE f.id = ${fileId} AND c.number = ${number}::int`,
  );
  return chunk?.content;
}

export async function findFile(db: Db, fileId: string): Promise<SettlementFile | undefined> {
  const row = await db.settlementFile.findUnique({ where: { id: fileId } });
  return row === null ? undefined : toFile(row);
}

/** The files of one day of an account, in the order in which they came. */
export async function filesOf(db: Db, accountId: string, businessDate: string): Promise<SettlementFile[]> {
  const rows = await db.settlementFile.findMany({
    where: { accountId, businessDate: new Date(businessDate) },
    orderBy: [{ receivedAt: 'asc' }, { id: 'asc' }],
  });
  return rows.map(toFile);
}

/**
 * How many files without lines came for the day that are, byte for byte, an earlier day's: a report that says that there
 * was nothing is the same on each such day. One with lines is yesterday's once more, and says nothing of today.
 */
export async function emptyCopies(db: Db, accountId: string, businessDate: string): Promise<number> {
  const [row] = await query<{ copies: number }>(
    poolOf(db),
    Prisma.sql`
    SELECT count(*)::int AS copies FROM settlement_file
    WHERE account_id = ${accountId} AND status = 'posted' AND row_count = 0
      AND duplicates @> ${JSON.stringify([{ businessDate }])}::jsonb`,
  );
  return row?.copies ?? 0;
}

/**
 * Nothing of the file is taken in: lines that were staged go, with their cases, and the reason stays. What was posted is posted; answers
 * whether it could be refused.
 */
export async function refuseFile(db: Db, fileId: string, refusal: FileRefusal): Promise<boolean> {
  return transaction(poolOf(db), async (client) => {
    const refused = await execute(
      client,
      Prisma.sql`
      UPDATE settlement_file SET status = 'refused', refusal = ${JSON.stringify(refusal)}::jsonb, row_count = NULL
      WHERE id = ${fileId} AND status <> 'posted'`,
    );
    if (refused === 0) return false;
    // Perhaps a million of them.
    await execute(client, Prisma.sql`DELETE FROM settlement_row WHERE file_id = ${fileId}`, FOR_EVER);
    await closeLineCases(client, fileId);
    return true;
  });
}

export function toFile(row: Row): SettlementFile {
  const { id, accountId, format, name, sha256, refusal, rowCount, postedAt } = row;
  return {
    id,
    accountId,
    businessDate: row.businessDate.toISOString().slice(0, 10),
    format,
    // Bound by the table's check.
    source: row.source as SettlementFile['source'],
    name,
    sha256,
    sizeBytes: Number(row.sizeBytes),
    status: row.status as FileStatus,
    ...(refusal === null ? {} : { refusal: refusal as unknown as FileRefusal }),
    ...(rowCount === null ? {} : { rowCount }),
    warnings: row.warnings as unknown as FileWarning[],
    duplicates: row.duplicates as unknown as Duplicate[],
    receivedAt: row.receivedAt.toISOString(),
    ...(postedAt === null ? {} : { postedAt: postedAt.toISOString() }),
  };
}
