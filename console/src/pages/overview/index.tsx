import { Link } from 'wouter';
import { type Answer, useRead } from '../../api/query.ts';
import {
  Card,
  ErrorBox,
  formatCount,
  formatCounted,
  formatDuration,
  formatMoney,
  formatShare,
  Notice,
  Page,
  Select,
  Skeleton,
  Stat,
  Time,
  useKeptSearch,
  useMerchant,
  useUrlState,
} from '../../kit/index.ts';
import { paymentsHref } from '../payments/filters.ts';
import { Alarms, useAlarms } from './alarms.tsx';
import { lagHref, queueHref, reportHref } from './links.ts';
import { OverTime } from './over-time.tsx';
import { Providers } from './providers.tsx';

const PATH = '/v1/operator/overview';
export type OverviewData = Answer<typeof PATH>;

const DEFAULTS = { whose: 'one', hours: '24' };
const PERIODS = [
  { value: '1', label: 'the last hour' },
  { value: '24', label: 'the last 24 hours' },
  { value: '168', label: 'the last 7 days' },
  { value: '720', label: 'the last 30 days' },
];

/** How it stands now: what fires, what waits for people, and how payments and providers do. */
export default function Overview() {
  const [{ whose, hours }, change] = useUrlState(DEFAULTS);
  const { merchantId, mode } = useMerchant();
  const keep = useKeptSearch();
  const one = whose === 'one' && merchantId !== undefined ? { merchant: merchantId } : {};
  // Not with each change, as lists are: eleven questions a second for every open page would be for figures that hardly move.
  const read = useRead(
    PATH,
    { params: { query: { mode: mode === 'live' ? 'live' : 'test', hours: Number(hours), ...one } } },
    { keepPrevious: true, refetchIntervalMs: 15_000 },
  );
  // Alarms stand above everything: what is below waits for their answer, and is not pushed down by it.
  const { isPending } = useAlarms();
  return (
    <Page
      title="Overview"
      sub={
        <>
          What an alarm means, and what to do about it: <Link href={`/runbooks${keep}`}>all runbooks</Link>
        </>
      }
      actions={
        <>
          <Select
            label="Whose"
            value={whose}
            options={[
              { value: 'one', label: `${merchantId ?? 'no merchant'} · ${mode}` },
              { value: 'all', label: `all merchants · ${mode}` },
            ]}
            onValue={(next) => change({ whose: next })}
          />
          <Select
            label="Payments made in"
            value={hours}
            options={PERIODS}
            onValue={(next) => change({ hours: next })}
          />
        </>
      }
    >
      <Alarms />
      {read.error !== null && <ErrorBox problem={read.error} retry={() => void read.refetch()} />}
      {read.data === undefined || isPending ? (
        <Skeleton key={String(isPending)} heightPx={620} />
      ) : (
        <Standing overview={read.data} />
      )}
    </Page>
  );
}

function Standing({ overview }: { readonly overview: OverviewData }) {
  return (
    <>
      <Freshness of={overview.freshness} />
      <Stats overview={overview} />
      <Card title="Payments and approval over time">
        <OverTime overview={overview} />
      </Card>
      <Card title="Provider accounts" flush>
        <Providers overview={overview} />
      </Card>
    </>
  );
}

/** Old figures that look new are worse than none. */
const STALE_SECONDS = 600;

function Freshness({
  of: { complete_until: until, lag_seconds: lag, hours_waiting: waiting },
}: {
  readonly of: OverviewData['freshness'];
}) {
  if (until === null || lag === null)
    return (
      <Notice tone="warn">The figures are being computed for the first time: {hoursWait(waiting)}.</Notice>
    );
  if (lag > STALE_SECONDS)
    return (
      <Notice tone="warn" title="Figures are behind.">
        They are complete until <Time at={until} relative />; {hoursWait(waiting)} to be computed.
      </Notice>
    );
  return (
    <p className="muted">
      Figures complete until <Time at={until} relative />; unknowns, exceptions and health are as of now.
    </p>
  );
}

function hoursWait(count: number): string {
  return `${formatCounted(count, 'hour')} ${count === 1 ? 'waits' : 'wait'}`;
}

function Stats({ overview }: { readonly overview: OverviewData }) {
  const keep = useKeptSearch();
  const { payments, volume, unknown, exceptions } = overview;
  const open = exceptions.reduce((sum, { count }) => sum + count, 0);
  const overdue = exceptions.reduce((sum, each) => sum + each.overdue, 0);
  return (
    <div className="grid-4">
      <Stat
        label="Payments"
        value={formatCount(payments.payments)}
        hint={`${formatCount(payments.payments_succeeded)} succeeded, ${formatCount(payments.payments_failed)} failed`}
        href={paymentsHref(
          {
            of_merchant: overview.merchant ?? '',
            mode: overview.mode,
            created_from: overview.from,
            created_before: overview.to,
          },
          keep,
        )}
      />
      <Stat
        label="Approval"
        value={payments.approval_ppm === null ? 'none' : formatShare(payments.approval_ppm / 1_000_000)}
        hint={`of ${formatCounted(payments.answered, 'answer')}${payments.answered < 30 ? ': too few to say' : ''}`}
        href={reportHref('approval', overview, keep)}
      />
      <Stat
        label="Recovered by fail-over"
        value={formatCount(payments.recovered_by_failover)}
        hint={`of ${formatCount(payments.failed_over)} tried elsewhere; ${formatCount(payments.recovered_by_retry)} by a later retry`}
        href={reportHref('retries', overview, keep)}
      />
      <Stat
        label="Unknown now"
        value={formatCount(unknown.count)}
        hint={
          unknown.oldest_at === null ? (
            'every send has its answer'
          ) : (
            <>
              oldest <Time at={unknown.oldest_at} relative />
            </>
          )
        }
        href={queueHref('unknowns', overview, keep)}
      />
      <Stat
        label="Open exceptions"
        value={formatCount(open)}
        hint={
          open === 0
            ? 'none'
            : `${exceptions
                .filter(({ count }) => count > 0)
                .map(({ age, count }) => `${count} ${AGES[age] ?? age}`)
                .join(', ')}; ${overdue} overdue`
        }
        href={queueHref('exceptions', overview, keep)}
      />
      {volume.map((each) => (
        <Stat
          key={each.currency}
          label={`Captured, ${each.currency}`}
          value={formatMoney(each.captured_minor, each.currency)}
          hint={`${formatCounted(each.payments_succeeded, 'payment')}; ${formatMoney(each.refunded_minor, each.currency)} refunded`}
          href={reportHref('volume', overview, keep)}
        />
      ))}
      <Stat
        label="Settlement lag, p50"
        value={lagOf(overview)}
        hint="from booking to its file, last 30 days"
        href={lagHref(overview, keep)}
      />
    </div>
  );
}

const AGES: Readonly<Record<string, string>> = {
  under_1d: 'under a day',
  '1d_to_3d': '1 to 3 days',
  '3d_to_7d': '3 to 7 days',
  over_7d: 'over a week',
};

/** Of the account with most settled: quantiles of different accounts cannot be added up. */
function lagOf({ providers }: OverviewData): string {
  const [most] = [...providers].sort((a, b) => b.settled - a.settled);
  if (most === undefined || most.settlement_p50_hours === null) return 'none yet';
  return `≤ ${formatDuration(most.settlement_p50_hours * 3_600_000)}`;
}
