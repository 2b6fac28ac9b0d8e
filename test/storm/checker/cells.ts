import type { Row } from '../evidence-types.ts';

/** The cells of a row, typed; one that is missing is an error of the rig's, not a finding. */
export function value(row: Row, column: string): unknown {
  if (!(column in row)) throw new TypeError(`the evidence has a row without ${column}`);
  return row[column];
}

export function text(row: Row, column: string): string {
  const found = value(row, column);
  if (typeof found !== 'string') throw new TypeError(`${column} is no text: ${typeof found}`);
  return found;
}

export function maybeText(row: Row, column: string): string | undefined {
  return value(row, column) == null ? undefined : text(row, column);
}

export function whole(row: Row, column: string): number {
  return Number(value(row, column));
}

export function minor(row: Row, column: string): bigint {
  return BigInt(String(value(row, column)));
}

export function instant(row: Row, column: string): number | undefined {
  const found = value(row, column);
  if (found == null) return undefined;
  // A `send_by` of `infinity` comes as the number Infinity.
  if (typeof found === 'number') return Number.isFinite(found) ? found : undefined;
  return found instanceof Date ? found.getTime() : Date.parse(String(found));
}
