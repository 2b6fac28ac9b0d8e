import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from } from 'pg-copy-streams';
import { COLUMNS } from './record.ts';

const TABLE = 'bench_bare_copy';

/**
 * The least that Postgres can do with the same file: COPY it as it is, into a table of its columns as text, with a primary
 * key of the line and an index of the reference by which bookings are found. Milliseconds.
 */
export async function bareCopy(owner: pg.ClientBase, path: string): Promise<number> {
  const names = COLUMNS.map((name) => owner.escapeIdentifier(name));
  await owner.query(`DROP TABLE IF EXISTS ${TABLE}`);
  await owner.query(`
    CREATE TABLE ${TABLE} (line int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ${names.map((name) => `${name} text`).join(', ')})`);
  await owner.query(`CREATE INDEX ON ${TABLE} (${owner.escapeIdentifier('Merchant Reference')})`);
  await owner.query('CHECKPOINT');
  const startedMs = performance.now();
  const copy = owner.query(from(`COPY ${TABLE} (${names.join(', ')}) FROM STDIN (FORMAT csv, HEADER true)`));
  await pipeline(createReadStream(path, { highWaterMark: 262_144 }), copy);
  const tookMs = performance.now() - startedMs;
  await owner.query(`DROP TABLE ${TABLE}`);
  return tookMs;
}
