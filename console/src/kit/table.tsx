import {
  type ColumnDef,
  createColumnHelper,
  createSortedRowModel,
  type ReactTable,
  type Row,
  rowSelectionFeature,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { type MouseEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { Skeleton } from './feedback.tsx';

interface ColumnLook {
  readonly align?: 'right';
  /** Left out on a phone. */
  readonly wideOnly?: boolean;
}

const features = tableFeatures({
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
  columnMeta: {} as ColumnLook,
});
type Features = typeof features;

/** A column of `DataTable<T>`; make them with `columnsOf<T>()`, at module scope. */
export type Column<T extends object> = ColumnDef<Features, T, unknown>;

/**
 * TanStack's column helper for the kit's table: `const column = columnsOf<Row>()`, then `column.accessor('id', { header: 'Payment',
 * cell: ({ getValue }) => <Id value={getValue()} /> })`, and `column.columns([...])` around them all. `meta: { align: 'right' }`
 * for figures, `meta: { wideOnly: true }` for what a phone leaves out, `enableSorting: true` where pressing the head sorts the rows shown.
 */
export function columnsOf<T extends object>() {
  return createColumnHelper<Features, T>();
}

export interface DataTableProps<T extends object> {
  /** What the table lists, for those who cannot see it. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[] | undefined;
  readonly rowId: (row: T) => string;
  /** Said in place of rows where there are none. */
  readonly empty: ReactNode;
  /**
   * The page that a row opens, if it has one: pressing anywhere on it follows it; for the keyboard, a cell holds the link.
   */
  readonly rowHref?: (row: T) => string | undefined;
  readonly selectable?: boolean;
  /** Called with the rows that are chosen, whenever that changes. */
  readonly onSelect?: (rows: readonly T[]) => void;
  readonly loading?: boolean;
  /** As many rows as are expected, so that nothing moves when they come. */
  readonly expectRows?: number;
}

const NOTHING: readonly never[] = [];

/** Rows of one kind. It shows what it is given: filters and pages belong to the address and to the API. */
export function DataTable<T extends object>(props: DataTableProps<T>) {
  const { label, columns, rows, rowId, empty, rowHref, selectable = false, onSelect } = props;
  const { loading = rows === undefined, expectRows = 8 } = props;
  const table = useTable({
    features,
    columns: columns as Column<T>[],
    data: (rows ?? NOTHING) as T[],
    getRowId: rowId,
    enableRowSelection: selectable,
    defaultColumn: { enableSorting: false },
  });
  const shown = table.getRowModel().rows;
  const chosen = shown.filter((row) => row.getIsSelected());
  const chosenIds = chosen.map((row) => row.id).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ids stand for the rows; rows are new objects at each answer.
  useEffect(() => onSelect?.(chosen.map((row) => row.original)), [chosenIds]);
  if (rows !== undefined && rows.length === 0 && !loading) return <div className="table-empty">{empty}</div>;
  return (
    <Scrolled label={label}>
      <table className="table" aria-label={label} aria-busy={loading}>
        <Head table={table} selectable={selectable} />
        <tbody>
          {rows === undefined ? (
            <Waiting rows={expectRows} columns={columns.length + (selectable ? 1 : 0)} />
          ) : (
            shown.map((row) => (
              <TableRow
                key={row.id}
                row={row}
                selectable={selectable}
                {...(rowHref && { href: rowHref(row.original) })}
              >
                {row.getAllCells().map((cell) => (
                  <td
                    key={cell.id}
                    className={classesOf(cell.column.columnDef.meta)}
                    {...(typeof cell.column.columnDef.header === 'string'
                      ? { 'data-label': cell.column.columnDef.header }
                      : {})}
                  >
                    <table.FlexRender cell={cell} />
                  </td>
                ))}
              </TableRow>
            ))
          )}
        </tbody>
      </table>
    </Scrolled>
  );
}

/** Where a table is wider than its place, the keyboard can get there and scroll it; else it is no stop on the way. */
function Scrolled({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  const ref = useRef<HTMLElement>(null);
  const [isWider, setWider] = useState(false);
  useEffect(() => {
    const place = ref.current;
    if (place === null) return;
    const watch = new ResizeObserver(() => setWider(place.scrollWidth > place.clientWidth));
    watch.observe(place);
    if (place.firstElementChild !== null) watch.observe(place.firstElementChild);
    return () => watch.disconnect();
  }, []);
  const stop = isWider ? { tabIndex: 0, 'aria-label': `${label}, scrolls` } : {};
  return (
    <section ref={ref} className="table-wrap" {...stop}>
      {children}
    </section>
  );
}

function Head<T extends object>(props: {
  readonly table: ReactTable<Features, T>;
  readonly selectable: boolean;
}) {
  const { table, selectable } = props;
  return (
    <thead>
      {table.getHeaderGroups().map((group) => (
        <tr key={group.id}>
          {selectable && (
            <th className="pick" scope="col">
              <input
                type="checkbox"
                aria-label="Select all"
                checked={table.getIsAllRowsSelected()}
                onChange={table.getToggleAllRowsSelectedHandler()}
              />
            </th>
          )}
          {group.headers.map((header) => (
            <th
              key={header.id}
              scope="col"
              className={classesOf(header.column.columnDef.meta)}
              {...sortedness(header.column.getIsSorted())}
            >
              {header.column.getCanSort() ? (
                <button type="button" onClick={header.column.getToggleSortingHandler()}>
                  <table.FlexRender header={header} />
                  {ARROWS[String(header.column.getIsSorted())]}
                </button>
              ) : (
                <table.FlexRender header={header} />
              )}
            </th>
          ))}
        </tr>
      ))}
    </thead>
  );
}

const ARROWS: Readonly<Record<string, string>> = { asc: ' ↑', desc: ' ↓', false: '' };

function sortedness(sorted: false | 'asc' | 'desc') {
  return sorted === false
    ? {}
    : { 'aria-sort': sorted === 'asc' ? ('ascending' as const) : ('descending' as const) };
}

function classesOf(look: ColumnLook | undefined): string {
  return [look?.align ?? '', look?.wideOnly === true ? 'wide-only' : ''].join(' ').trim();
}

function TableRow<T extends object>(props: {
  readonly row: Row<Features, T>;
  readonly href?: string | undefined;
  readonly selectable: boolean;
  readonly children: ReactNode;
}) {
  const { row, href, selectable, children } = props;
  const [, navigate] = useLocation();
  const open = (event: MouseEvent) => {
    if (href === undefined || (event.target as Element).closest(PRESSED_ITSELF) !== null) return;
    if ((getSelection()?.toString() ?? '') !== '') return;
    navigate(href);
  };
  return (
    <tr
      {...(href === undefined ? {} : { className: 'linked', onClick: open })}
      {...selectedness(selectable, row)}
    >
      {selectable && (
        <td className="pick">
          <input
            type="checkbox"
            aria-label={`Select ${row.id}`}
            checked={row.getIsSelected()}
            onChange={row.getToggleSelectedHandler()}
          />
        </td>
      )}
      {children}
    </tr>
  );
}

/** What does what it says when it is pressed; a dialog's presses reach the row that it was opened from, however far it stands above. */
const PRESSED_ITSELF = 'a, button, input, label, textarea, select, summary, dialog';

function selectedness<T extends object>(selectable: boolean, row: Row<Features, T>) {
  return selectable ? { 'aria-selected': row.getIsSelected() } : {};
}

function Waiting({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  const keys = (count: number) => Array.from({ length: count }, (_, index) => `waiting ${index}`);
  return keys(rows).map((row) => (
    <tr key={row}>
      {keys(columns).map((cell) => (
        <td key={cell}>
          <Skeleton heightPx={14} widthPx={96} />
        </td>
      ))}
    </tr>
  ));
}

/** A list of the API's as it is read: one page of it, and whether there is another. */
export interface ListRead<T> {
  readonly data: { readonly data: readonly T[]; readonly has_more: boolean } | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** Newer and older pages of a list; what there isn't cannot be pressed. */
export function Pager(props: {
  readonly onNewer?: (() => void) | undefined;
  readonly onOlder?: (() => void) | undefined;
}) {
  const { onNewer, onOlder } = props;
  return (
    <div className="pager">
      <button type="button" className="button" disabled={onNewer === undefined} onClick={onNewer}>
        Newer
      </button>
      <button type="button" className="button" disabled={onOlder === undefined} onClick={onOlder}>
        Older
      </button>
    </div>
  );
}
