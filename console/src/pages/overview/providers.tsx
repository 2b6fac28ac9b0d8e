import {
  columnsOf,
  DataTable,
  formatCount,
  formatDuration,
  formatShare,
  Id,
  Status,
} from '../../kit/index.ts';
import type { OverviewData } from './index.tsx';
import { providerHref } from './links.ts';

type Row = OverviewData['providers'][number];
const ENOUGH = 30;

export function Providers({ overview }: { readonly overview: OverviewData }) {
  return (
    <DataTable
      label="Provider accounts: health now, and figures of the period"
      columns={COLUMNS}
      rows={overview.providers}
      rowId={({ account }) => account}
      rowHref={(row) => providerHref(row, overview)}
      empty="No provider account yet."
    />
  );
}

const column = columnsOf<Row>();
const right = { align: 'right' } as const;
const COLUMNS = column.columns([
  column.accessor('provider', {
    header: 'Provider',
    cell: ({ row: { original } }) => (
      <span>
        {original.provider} <Id value={original.account} />
      </span>
    ),
  }),
  column.display({
    id: 'circuit',
    header: 'Circuit',
    cell: ({ row: { original } }) => <Health of={original} />,
  }),
  column.display({
    id: 'now',
    header: 'Approval now',
    meta: right,
    cell: ({
      row: {
        original: { now },
      },
    }) => <Share ppm={now.approval_ppm} of={now.answered} />,
  }),
  column.display({
    id: 'unanswered',
    header: 'Unanswered now',
    meta: right,
    cell: ({ row: { original } }) => formatCount(original.now.unanswered),
  }),
  column.display({
    id: 'approval',
    header: 'Approval',
    meta: right,
    cell: ({ row: { original } }) => <Share ppm={original.approval_ppm} of={original.answered} />,
  }),
  ...(['p50_ms', 'p95_ms', 'p99_ms'] as const).map((name) =>
    column.display({
      id: name,
      header: name.slice(0, 3),
      meta: right,
      cell: ({ row: { original } }) => <Duration ms={original[name]} />,
    }),
  ),
  column.display({
    id: 'settlement',
    header: 'Settled, p95',
    meta: { align: 'right', wideOnly: true },
    cell: ({
      row: {
        original: { settlement_p95_hours: hours },
      },
    }) => <Duration ms={hours === null ? null : hours * 3_600_000} />,
  }),
]);

function Health({ of: { enabled, circuit, consecutive_failures: failures } }: { readonly of: Row }) {
  if (!enabled) return <Status value="disabled" />;
  return (
    <span>
      <Status
        value={circuit}
        label={circuit === 'closed' ? 'healthy' : `circuit ${circuit.replace('_', ' ')}`}
      />
      {failures > 0 && <span className="muted"> {failures} failures in a row</span>}
    </span>
  );
}

function Share({ ppm, of }: { readonly ppm: number | null; readonly of: number }) {
  if (ppm === null) return <span className="muted">none</span>;
  const text = formatShare(ppm / 1_000_000);
  return of < ENOUGH ? (
    <span className="muted nowrap" title="Too few to say.">
      {text} of {of}
    </span>
  ) : (
    <span className="num" title={`of ${formatCount(of)}`}>
      {text}
    </span>
  );
}

function Duration({ ms }: { readonly ms: number | null }) {
  return ms === null ? (
    <span className="muted">none</span>
  ) : (
    <span className="num nowrap">≤ {formatDuration(ms)}</span>
  );
}
