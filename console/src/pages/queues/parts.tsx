import type { ReactNode } from 'react';
import {
  Card,
  DataTable,
  type DataTableProps,
  ErrorBox,
  FilterField,
  type ListRead,
  Pager,
  personOf,
  Select,
  Time,
  useMinute,
} from '../../kit/index.ts';
import { useRowKeys } from './use-row-keys.ts';

export function Filters({ children }: { readonly children: ReactNode }) {
  return (
    <search className="queue-filters" aria-label="Filters">
      {children}
    </search>
  );
}

export function MerchantFilter(props: {
  readonly merchant: string;
  readonly onMerchant: (merchant: string) => void;
}) {
  return <FilterField label="Merchant" value={props.merchant} placeholder="any" onText={props.onMerchant} />;
}

const MODES = [
  { value: '', label: 'any' },
  { value: 'test', label: 'test' },
  { value: 'live', label: 'live' },
];

export function ModeFilter(props: { readonly mode: string; readonly onMode: (mode: string) => void }) {
  return <Select label="Mode" value={props.mode} options={MODES} onValue={props.onMode} />;
}

/** An address's mode as the API's parameter. */
export function modeIn(text: string): { readonly mode?: 'test' | 'live' } {
  return text === 'test' || text === 'live' ? { mode: text } : {};
}

interface QueueTableProps<T extends object>
  extends Pick<DataTableProps<T>, 'label' | 'columns' | 'rowId' | 'rowHref' | 'onSelect' | 'empty'> {
  readonly read: ListRead<T>;
  /** The address's cursor. */
  readonly after: string;
  readonly onAfter: (after: string) => void;
  /** By what a row is a cursor, where that is not its id. */
  readonly cursorOf?: (row: T) => string;
  /** Another number is another table, without a selection: what was chosen has been told. */
  readonly round?: number;
  /** Below the rows: what is done with those that are chosen. */
  readonly children?: ReactNode;
}

/** A list that is worked off, oldest first, by hand or by keys (use-row-keys.ts). Rows are chosen where `onSelect` hears of it. */
export function QueueTable<T extends object>(props: QueueTableProps<T>) {
  const { read, after, onAfter, rowId, cursorOf = rowId, round = 0, children, ...table } = props;
  const around = useRowKeys<HTMLDivElement>();
  const last = read.data?.data.at(-1);
  return (
    <>
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <div ref={around}>
          <DataTable
            {...table}
            key={round}
            rows={read.data?.data}
            rowId={rowId}
            selectable={table.onSelect !== undefined}
          />
          <OldestFirst
            after={after}
            last={last === undefined ? undefined : cursorOf(last)}
            hasMore={read.data?.has_more ?? false}
            onAfter={onAfter}
          />
          {children}
        </div>
      </Card>
    </>
  );
}

/** On to younger rows, or back to the beginning. */
function OldestFirst(props: {
  readonly after: string;
  readonly last: string | undefined;
  readonly hasMore: boolean;
  readonly onAfter: (after: string) => void;
}) {
  const { after, last, hasMore, onAfter } = props;
  if (after === '' && !hasMore) return null;
  return (
    <Pager
      onNewer={hasMore && last !== undefined ? () => onAfter(last) : undefined}
      onOlder={after === '' ? undefined : () => onAfter('')}
    />
  );
}

/** By the name; the title has the whole id, which tells two of the same name apart. */
export function Person({ id }: { readonly id: string | null }) {
  if (id === null) return <span className="muted">nobody</span>;
  return <span title={id}>{personOf(id)}</span>;
}

/** A clock: when something has to be done, and whether that is over. It runs until the thing is done, at `endedAt`. */
export function Due(props: { readonly at: string | null; readonly endedAt?: string | null }) {
  const { at, endedAt = null } = props;
  useMinute();
  if (at === null) return <span className="muted">no clock</span>;
  const isOver = Date.parse(at) < (endedAt === null ? Date.now() : Date.parse(endedAt));
  return (
    <span className={isOver ? 'due due-over' : 'due'}>
      {isOver ? 'overdue since ' : 'due '}
      <Time at={at} relative />
    </span>
  );
}
