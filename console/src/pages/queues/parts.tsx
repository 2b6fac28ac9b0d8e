import type { ReactNode } from 'react';
import { Pager, Time } from '../../kit/index.ts';

/** Whatever is not empty: filters of an address as the API's parameters. */
export function given<T extends Readonly<Record<string, string>>>(
  filters: T,
): { [K in keyof T]?: Exclude<T[K], ''> } {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== '')) as {
    [K in keyof T]?: Exclude<T[K], ''>;
  };
}

export function Filters({ children }: { readonly children: ReactNode }) {
  return (
    <search className="queue-filters" aria-label="Filters">
      {children}
    </search>
  );
}

/** Of a list that begins with the oldest: on to younger ones, or back to its beginning. */
export function OldestFirst(props: {
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

/** A clock that runs: when something has to be done, and whether that is over. */
export function Due({ at, overdue }: { readonly at: string | null; readonly overdue: boolean }) {
  if (at === null) return <span className="muted">no clock</span>;
  return (
    <span className={overdue ? 'due due-over' : 'due'}>
      {overdue ? 'overdue since ' : 'due '}
      <Time at={at} relative />
    </span>
  );
}

/** How an operator or key stands in records, as a reader says it. */
export function who(actor: string | null | undefined): string {
  return actor === null || actor === undefined ? 'nobody' : actor.replace(/^operator:/, '');
}
