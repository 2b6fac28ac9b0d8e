import type { ReactNode } from 'react';
import {
  Button,
  Card,
  CopyButton,
  DataTable,
  type DataTableProps,
  Dialog,
  ErrorBox,
  FilterField,
  given,
  type ListRead,
  Notice,
  Page,
  Pager,
  useUrlState,
} from '../../kit/index.ts';

/** What the API has told just now and will not tell again. */
export interface Told {
  readonly title: string;
  /** Undefined: an earlier answer had it, and got lost. */
  readonly value: string | undefined;
  /** What becomes of whoever loses it. */
  readonly lost: string;
}

export function ToldOnce({ told, onClose }: { readonly told: Told; readonly onClose: () => void }) {
  const { title, value, lost } = told;
  return (
    <Dialog title={title} onClose={onClose}>
      <Notice
        tone="warn"
        title={
          value === undefined ? 'It was told before, and can’t be told again.' : 'It is shown this once.'
        }
      >
        {lost}
      </Notice>
      {value !== undefined && (
        <p className="settings-told">
          <code>{value}</code>
          <CopyButton value={value} />
        </p>
      )}
      <div className="actions">
        <Button kind="primary" onClick={onClose}>
          {value === undefined ? 'Close' : 'I have kept it'}
        </Button>
      </div>
    </Dialog>
  );
}

/** For people without `configure`, on every page: why there is nothing to press. */
export function ReadOnly({ may }: { readonly may: boolean }) {
  return may ? null : <Notice tone="info">You may look at settings. Only administrators change them.</Notice>;
}

interface SettingsListProps<T extends { readonly id: string }>
  extends Pick<DataTableProps<T>, 'label' | 'columns' | 'rowHref' | 'empty'> {
  readonly title: string;
  readonly sub: string;
  /** Whether the person may `configure`. */
  readonly may: boolean;
  readonly newLabel: string;
  readonly onNew: () => void;
  readonly filter: {
    readonly label: string;
    readonly placeholder: string;
    readonly value: string;
    readonly onText: (text: string) => void;
  };
  readonly read: ListRead<T>;
  /** The address's cursor. */
  readonly after: string;
  readonly onAfter: (after: string) => void;
  /** The page's dialogs. */
  readonly children: ReactNode;
}

const OF_MERCHANT = { of_merchant: '', after: '' };

/** What is asked of one merchant, or of all: as the API's question, and as a list's filter and place. Both stand in the address. */
export function useMerchantList() {
  const [{ of_merchant: merchant, after }, setFilters] = useUrlState(OF_MERCHANT);
  const filter = {
    label: 'Merchant',
    placeholder: 'any',
    value: merchant,
    onText: (text: string) => setFilters({ of_merchant: text, after: '' }),
  };
  return {
    merchant,
    query: { limit: 50, ...given({ merchant, starting_after: after }) },
    list: { filter, after, onAfter: (next: string) => setFilters({ after: next }) },
  };
}

/** What there is of one kind, newest first, with one filter, and a button that makes another one for whoever may. */
export function SettingsList<T extends { readonly id: string }>(props: SettingsListProps<T>) {
  const { title, sub, may, newLabel, onNew, filter, read, after, onAfter, children, ...table } = props;
  return (
    <Page
      title={title}
      sub={sub}
      actions={
        may && (
          <Button kind="primary" onClick={onNew}>
            {newLabel}
          </Button>
        )
      }
    >
      <ReadOnly may={may} />
      <search className="settings-filter" aria-label="Filters">
        <FilterField {...filter} />
      </search>
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      <Card flush>
        <DataTable {...table} rows={read.data?.data} rowId={({ id }) => id} />
        <NewestFirst after={after} page={read.data} onAfter={onAfter} />
      </Card>
      {children}
    </Page>
  );
}

/** On to older rows, or back to the newest. Nothing where everything is on one page. */
export function NewestFirst(props: {
  readonly after: string;
  readonly page: ListRead<{ readonly id: string }>['data'];
  readonly onAfter: (after: string) => void;
}) {
  const { after, page, onAfter } = props;
  const last = page?.has_more === true ? page.data.at(-1)?.id : undefined;
  if (after === '' && last === undefined) return null;
  return (
    <Pager
      onNewer={after === '' ? undefined : () => onAfter('')}
      onOlder={last === undefined ? undefined : () => onAfter(last)}
    />
  );
}

/** Other columns need the room more than an id, whose whole is copied and stands in its title. */
export function shortOf(id: string): string {
  return id.length <= 16 ? id : `${id.slice(0, 14)}…`;
}

/** JSON that somebody typed; undefined while it is none. */
export function parsedObject(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

export function shownJson(value: object): string {
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value, null, 2);
}
