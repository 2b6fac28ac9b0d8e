import { Button, Field, FilterField, Select, useMerchant } from '../../kit/index.ts';
import { GROUPS, REPORTS, type ReportName } from './reports.ts';

export const DEFAULTS = {
  whose: 'one',
  days: '30',
  from: '',
  to: '',
  bucket: '',
  by: '-',
  second: '-',
  third: '-',
  provider: '',
  country: '',
  brand: '',
  currency: '',
  method: '',
  reason: '',
};
export type FilterState = { readonly [K in keyof typeof DEFAULTS]: string };
type Change = (change: Partial<FilterState>) => void;

const option = (value: string, label = value) => ({ value, label });

const PERIODS = [
  option('1', 'the last day'),
  option('7', 'the last 7 days'),
  option('30', 'the last 30 days'),
  option('90', 'the last 90 days'),
  option('', 'from … to …'),
];
const BUCKETS = [
  option('', 'as a whole'),
  option('hour', 'by hour'),
  option('day', 'by day'),
  option('week', 'by week'),
];
const NAMED = [
  ['provider', 'Provider'],
  ['country', 'Issuer country'],
  ['brand', 'Brand'],
  ['currency', 'Currency'],
] as const;

const GROUP_FILTERS = [
  ['by', 'Told apart by'],
  ['second', 'and by'],
  ['third', 'and also by'],
] as const;

interface Props {
  readonly state: FilterState;
  readonly change: Change;
  readonly report: ReportName;
}

/** All of them stand in the address, so that a link to the page is a link to what is seen. */
export function Filters({ state, change, report }: Props) {
  const { merchantId, mode } = useMerchant();
  const whose = [
    option('one', `${merchantId ?? 'no merchant'} · ${mode}`),
    option('all', `all merchants · ${mode}`),
  ];
  const named = report === 'declines' ? [...NAMED, ['reason', 'Reason'] as const] : NAMED;
  return (
    <search className="analytics-filters" aria-label="Filters">
      <Select
        label="Whose"
        value={state.whose}
        options={whose}
        onValue={(value) => change({ whose: value })}
      />
      <Select
        label="Payments made in"
        value={state.days}
        options={PERIODS}
        onValue={(days) => change({ days })}
      />
      {state.days === '' && <Dates state={state} change={change} />}
      <Select
        label="By time"
        value={state.bucket}
        options={BUCKETS}
        onValue={(bucket) => change({ bucket })}
      />
      <Groups state={state} change={change} report={report} />
      {named.map(([name, label]) => (
        <FilterField
          key={name}
          label={label}
          value={state[name]}
          placeholder="any"
          onText={(value) => change({ [name]: value })}
        />
      ))}
      <Button kind="plain" onClick={() => change(DEFAULTS)}>
        Clear
      </Button>
    </search>
  );
}

function Dates({ state, change }: Pick<Props, 'state' | 'change'>) {
  return (
    <>
      <Field label="From (UTC)" type="date" value={state.from} onText={(from) => change({ from })} />
      <Field label="To, not included (UTC)" type="date" value={state.to} onText={(to) => change({ to })} />
    </>
  );
}

/** Shows what a report is told apart by where nobody has chosen. */
function Groups({ state, change, report }: Props) {
  const usual = REPORTS[report].by;
  const groups = [
    option('', 'nothing'),
    ...GROUPS.map((name) => option(name)),
    ...(report === 'declines' ? [option('reason')] : []),
  ];
  return (
    <>
      {GROUP_FILTERS.map(([name, label], index) => (
        <Select
          key={name}
          label={label}
          value={state[name] === '-' ? (usual[index] ?? '') : state[name]}
          options={groups}
          onValue={(group) => change({ [name]: group })}
        />
      ))}
    </>
  );
}
