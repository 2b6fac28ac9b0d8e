import { SpanKind } from '@opentelemetry/api';
import type pg from 'pg';
import { inSpan, isRecording } from '../telemetry/span.ts';

/**
 * Makes a pool's statements spans of what they are made for, where that is told of; nobody else pays for it. A statement is told
 * by its name, that is, by what it does to which tables: its values are nobody's business.
 */
export function traceStatements(pool: pg.Pool): void {
  const { query, connect } = unbound(pool);
  Object.assign(pool, {
    query: told(query.bind(pool)),
    connect(callback?: unknown) {
      // With a callback it is the pool's own `query` that asks.
      if (callback !== undefined) return connect.call(pool, callback);
      const lent = connect.call(pool) as Promise<pg.PoolClient>;
      return isRecording() ? lent.then(traceWhileLent) : lent;
    },
  });
}

type Method = (...args: unknown[]) => unknown;

/** The driver's overloads are kept for its callers: what is put in their place hands on whatever comes. */
function unbound(target: pg.Pool | pg.PoolClient) {
  const { query, connect } = target;
  return { query, connect } as unknown as { readonly query: Method; readonly connect: Method };
}

/** The next one to have the client may be somebody of whom nothing is told. */
function traceWhileLent(client: pg.PoolClient): pg.PoolClient {
  const { release } = client;
  const { query } = unbound(client);
  return Object.assign(client, {
    query: told(query.bind(client)),
    release(error?: Error | boolean) {
      Object.assign(client, { query, release });
      release.call(client, error);
    },
  });
}

function told(query: Method): Method {
  return (...args) => {
    const text = args.length === 1 && isRecording() ? textOf(args[0]) : undefined;
    if (text === undefined) return query(...args);
    const plan = { kind: SpanKind.CLIENT, attributes: { 'db.system': 'postgresql' } };
    return inSpan(statementName(text), plan, async () => query(...args));
  };
}

/** Of statements in the driver's own form, which are answered by a promise: streams are told by who reads them. */
function textOf(statement: unknown): string | undefined {
  if (typeof statement !== 'object' || statement === null || !('text' in statement)) return undefined;
  return typeof statement.text === 'string' && !('submit' in statement) ? statement.text : undefined;
}

/** Statements are few; but lists of various lengths make texts of the same one differ. */
const NAMES_KEPT = 300;
const names = new Map<string, string>();

/** What a statement does to which tables, e.g. `UPDATE payment, INSERT attempt, operation` or `SELECT payment`. */
export function statementName(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= NAMES_KEPT) names.clear();
  const name = nameOf(text);
  names.set(text, name);
  return name;
}

const TABLES_NAMED = 4;
const WRITTEN =
  /\b(INSERT\s+INTO|DELETE\s+FROM|(?<!FOR\s|DO\s|KEY\s)UPDATE)\s+(?:ONLY\s+)?(?:"?public"?\.)?"?([a-z_]+)"?/gi;
/** Not `EXTRACT(epoch FROM c.made_at)`, which reads a column. */
const READ = /\b(?:FROM|JOIN)\s+(?:"?public"?\.)?"?([a-z_]+)\b(?!\.)"?/gi;
/** What a statement itself calls so is no table. */
const DEFINED = /\b([a-z_]+)(?:\s*\([^()]*\))?\s+AS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\(/gi;

function nameOf(text: string): string {
  const verb = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'SQL';
  if (!/^(SELECT|WITH|INSERT|UPDATE|DELETE)$/.test(verb)) return verb;
  const written = [...text.matchAll(WRITTEN)].map(([, does = '', table = '']) => ({
    does: does.slice(0, 6).toUpperCase(),
    table,
  }));
  const defined = new Set([...text.matchAll(DEFINED)].map(([, name]) => name));
  const read = [...text.matchAll(READ)].flatMap(([, table = '']) =>
    defined.has(table) ? [] : [{ does: 'SELECT', table }],
  );
  const parts = new Map(
    (written.length > 0 ? written : read).map((each) => [`${each.does} ${each.table}`, each]),
  );
  const named = [...parts.values()].slice(0, TABLES_NAMED);
  if (named.length === 0) return verb;
  return named
    .map(({ does, table }, index) => (named[index - 1]?.does === does ? table : `${does} ${table}`))
    .join(', ');
}
