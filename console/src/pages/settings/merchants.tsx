import { useMemo, useState } from 'react';
import { answer, api } from '../../api/client.ts';
import { type Answer, useRead, useRefresh } from '../../api/query.ts';
import { Button, type Confirmed, columnsOf, given, Id, Time, useMay, useUrlState } from '../../kit/index.ts';
import { MerchantDialog, type SavedMerchant } from './merchant-dialog.tsx';
import { SettingsList } from './parts.tsx';

const PATH = '/v1/operator/merchants';
export type Merchant = Answer<typeof PATH>['data'][number];

const DEFAULTS = { search: '', after: '' };

export function Merchants() {
  const [{ search, after }, setFilters] = useUrlState(DEFAULTS);
  const may = useMay('configure');
  const refresh = useRefresh();
  const [edited, setEdited] = useState<Merchant | 'new'>();
  const columns = useMemo(() => (may ? [...COLUMNS, editColumn(setEdited)] : COLUMNS), [may]);
  const query = { limit: 50, ...given({ search, starting_after: after }) };
  const read = useRead(PATH, { params: { query } }, { keepPrevious: true });
  const save = async ({ whole, changed }: SavedMerchant, { key, reason }: Confirmed) => {
    const header = { 'Idempotency-Key': key };
    if (edited === 'new') await answer(api.POST(PATH, { params: { header }, body: { ...whole, reason } }));
    else if (edited !== undefined) {
      const params = { header, path: { id: edited.id } };
      await answer(api.POST(`${PATH}/{id}`, { params, body: { ...changed, reason } }));
    }
    await refresh([PATH]);
  };
  return (
    <SettingsList
      title="Merchants"
      sub="Whose payments are orchestrated, and what each is held to."
      may={may}
      newLabel="New merchant"
      onNew={() => setEdited('new')}
      filter={{
        label: 'Search',
        placeholder: 'part of a name, or an id',
        value: search,
        onText: (text) => setFilters({ search: text, after: '' }),
      }}
      read={read}
      after={after}
      onAfter={(next) => setFilters({ after: next })}
      label="Merchants, newest first"
      columns={columns}
      empty="There is no merchant like that."
    >
      {edited !== undefined && (
        <MerchantDialog
          {...(edited === 'new' ? {} : { merchant: edited })}
          onSave={save}
          onClose={() => setEdited(undefined)}
        />
      )}
    </SettingsList>
  );
}

const column = columnsOf<Merchant>();
const COLUMNS = column.columns([
  column.accessor('name', { header: 'Name' }),
  column.accessor('id', { header: 'Id', cell: ({ getValue }) => <Id value={getValue()} /> }),
  column.accessor('country', { header: 'Country', cell: ({ getValue }) => getValue() ?? '–' }),
  column.accessor('category', { header: 'Category', cell: ({ getValue }) => getValue() ?? '–' }),
  column.display({
    id: 'rules',
    header: 'Rules of its own',
    cell: ({ row: { original } }) => rulesOf(original).join(', ') || 'none',
  }),
  column.accessor('created_at', {
    header: 'Made',
    meta: { wideOnly: true },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
]);

function editColumn(onEdit: (merchant: Merchant) => void) {
  return column.display({
    id: 'edit',
    header: () => <span className="hidden-text">Act</span>,
    cell: ({ row: { original } }) => (
      <Button aria-label={`Change ${original.name}`} onClick={() => onEdit(original)}>
        Change
      </Button>
    ),
  });
}

function rulesOf(merchant: Merchant): string[] {
  const { rate_limits: rates, case_limits: cases } = merchant;
  return [
    ...(Object.keys(rates).length === 0 ? [] : ['rate limits']),
    ...(Object.keys({ ...cases.four_eyes, ...cases.write_off }).length === 0 ? [] : ['case limits']),
    ...(merchant.routing_approval ? ['routing needs approval'] : []),
    ...(merchant.duplicate_reference_guard ? ['no duplicate references'] : []),
  ];
}
