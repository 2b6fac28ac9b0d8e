import type { FeeKind, RowFee, RowType } from '../../domain/reconciliation/row.ts';
import { type BoundAmount, bindAmount, type CellReader } from './amounts.ts';
import type { Header } from './header.ts';
import type { FeeRule } from './layout.ts';

/** A layout's rule for fees, bound to the places of its columns. */
export interface Fees {
  readonly rule: FeeRule;
  readonly column: BoundAmount | undefined;
  readonly currency: number;
  readonly parts: readonly { readonly kind: FeeKind; readonly bound: BoundAmount }[];
  readonly reserve: BoundAmount | undefined;
}

export interface ReadFees {
  readonly total: number;
  readonly parts: readonly RowFee[];
  readonly partsDiffer: boolean;
  /** Where it isn't the row's own. */
  readonly currency: string | undefined;
  /** Held back from this line (negative) or given back with it; no fee, but not in its net either. */
  readonly reserve: number;
}

interface Line {
  readonly gross: number | undefined;
  readonly net: number | undefined;
  /** The settlement currency. */
  readonly currency: string;
}

const NONE: readonly RowFee[] = [];

export function bindFees(rule: FeeRule, header: Header): Fees {
  const bindOptional = (column: string) =>
    header.find(column) === undefined ? undefined : bindAmount({ column }, header);
  return {
    rule,
    column: rule.column === undefined ? undefined : bindAmount(rule.column, header),
    currency: (rule.currency === undefined ? undefined : header.find(rule.currency)) ?? -1,
    parts: (rule.parts ?? []).flatMap(({ kind, column }) => {
      const bound = bindOptional(column);
      return bound === undefined ? [] : [{ kind, bound }];
    }),
    reserve: rule.reserve === undefined ? undefined : bindOptional(rule.reserve),
  };
}

export function readFees(
  fees: Fees,
  reader: CellReader,
  cells: readonly string[],
  lineNumber: number,
  type: RowType,
  line: Line,
): ReadFees {
  const { rule } = fees;
  if (rule.total === 'column') return readColumn(fees, reader, cells, lineNumber, type, line);
  const parts: RowFee[] = [];
  let sum = 0;
  for (const { kind, bound } of fees.parts) {
    const amountMinor = reader.amount(cells, lineNumber, bound, line.currency);
    if (amountMinor === undefined || amountMinor === 0) continue;
    parts.push({ kind, amountMinor });
    sum += amountMinor;
  }
  const none = { currency: undefined, reserve: 0, partsDiffer: false };
  if (rule.total === 'parts') return { total: sum, parts: parts.length === 0 ? NONE : parts, ...none };
  if (line.gross === undefined || line.net === undefined) return { total: 0, parts: NONE, ...none };
  const held =
    fees.reserve === undefined ? 0 : (reader.amount(cells, lineNumber, fees.reserve, line.currency) ?? 0);
  return reconciled(line.gross - line.net, parts, sum, held);
}

function readColumn(
  { rule, column, currency }: Fees,
  reader: CellReader,
  cells: readonly string[],
  lineNumber: number,
  type: RowType,
  line: Line,
): ReadFees {
  const named = currency >= 0 && (cells[currency] ?? '') !== '';
  const own = named ? reader.currency(cells, lineNumber, currency) : line.currency;
  const read = column === undefined ? undefined : reader.amount(cells, lineNumber, column, own);
  const amountMinor = read === undefined || read === 0 ? 0 : column?.shape === 'signed' ? read : -read;
  const kind = rule.kindByType?.[type] ?? rule.kind ?? 'other';
  return {
    total: amountMinor,
    parts: amountMinor === 0 ? NONE : [{ kind, amountMinor }],
    partsDiffer: false,
    currency: own,
    reserve: 0,
  };
}

/**
 * The parts of what gross and net leave between them. Files write costs with either sign, round each part for
 * itself, and some hold a reserve among them; the total decides.
 */
function reconciled(difference: number, parts: readonly RowFee[], sum: number, held: number): ReadFees {
  if (parts.length === 0 && held === 0) {
    return { total: difference, parts: NONE, partsDiffer: false, currency: undefined, reserve: 0 };
  }
  const candidates = [1, -1].flatMap((sign) => [
    { sign, off: difference - sign * (sum + held), held: sign * held },
    { sign, off: difference - sign * sum, held: 0 },
  ]);
  const best = candidates.reduce((found, each) => (Math.abs(each.off) < Math.abs(found.off) ? each : found));
  const total = difference - best.held;
  const turned = parts.map(({ kind, amountMinor }) => ({ kind, amountMinor: best.sign * amountMinor }));
  const partsDiffer = Math.abs(best.off) > parts.length;
  const [reserve, currency] = [best.held === 0 ? 0 : -best.held, undefined];
  if (best.off === 0 || partsDiffer) return { total, parts: turned, partsDiffer, currency, reserve };
  return { total, parts: withRest(turned, best.off), partsDiffer, currency, reserve };
}

/** What rounding left goes to the largest part. */
function withRest(parts: readonly RowFee[], rest: number): RowFee[] {
  const largest = parts.reduce((at, part, index) => {
    return Math.abs(part.amountMinor) > Math.abs(parts[at]?.amountMinor ?? 0) ? index : at;
  }, 0);
  return parts.map((part, index) =>
    index === largest ? { kind: part.kind, amountMinor: part.amountMinor + rest } : part,
  );
}
