import { isTimeZone } from '../../domain/reconciliation/day.ts';
import type { Db } from '../client.ts';

/** A provider account as the run of its days needs to know it. */
export interface ReconciledAccount {
  readonly id: string;
  readonly merchantId: string;
  readonly mode: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  /** IANA; where its business days begin and end. */
  readonly timeZone: string;
  /** When, in that time zone, the day before is reconciled. */
  readonly reconcileAt: { readonly hour: number; readonly minute: number };
}

const RECONCILE_AT = { hour: 6, minute: 0 };

export async function reconciledAccounts(db: Db): Promise<readonly ReconciledAccount[]> {
  const rows = await db.providerAccount.findMany({ orderBy: { id: 'asc' } });
  return rows.map(read);
}

export async function reconciledAccount(db: Db, accountId: string): Promise<ReconciledAccount | undefined> {
  const row = await db.providerAccount.findUnique({ where: { id: accountId } });
  return row === null ? undefined : read(row);
}

/** Where an account's days begin and end. A setting that is no time zone counts as not set. */
export function timeZoneOf(settings: unknown): string {
  const { time_zone: zone } = (settings ?? {}) as { readonly time_zone?: unknown };
  return typeof zone === 'string' && isTimeZone(zone) ? zone : 'UTC';
}

/** A setting that is no time zone or no time counts as not set: a day is reconciled by UTC rather than not at all. */
function read({
  settings: stored,
  ...row
}: Omit<Row, 'settings'> & { readonly settings: unknown }): ReconciledAccount {
  const settings = (typeof stored === 'object' && stored !== null ? stored : {}) as Record<string, string>;
  const { reconcile_at: at } = settings;
  const time = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(typeof at === 'string' ? at : '');
  return {
    id: row.id,
    merchantId: row.merchantId,
    mode: row.mode,
    provider: row.provider,
    baseUrl: row.baseUrl,
    enabled: row.enabled,
    settings,
    timeZone: timeZoneOf(settings),
    reconcileAt: time === null ? RECONCILE_AT : { hour: Number(time[1]), minute: Number(time[2]) },
  };
}

type Row = Pick<
  ReconciledAccount,
  'id' | 'merchantId' | 'mode' | 'provider' | 'baseUrl' | 'settings' | 'enabled'
>;

export interface HeldFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** The files that came for an account, copies among them: what the provider is not asked for again. */
export async function heldFiles(db: Db, accountId: string): Promise<readonly HeldFile[]> {
  const rows = await db.settlementFile.findMany({
    where: { accountId },
    select: { name: true, sizeBytes: true, duplicates: true },
  });
  return rows.flatMap(({ name, sizeBytes, duplicates }) =>
    [name, ...(duplicates as unknown as readonly { readonly name: string }[]).map((copy) => copy.name)].map(
      (each) => ({ name: each, sizeBytes: Number(sizeBytes) }),
    ),
  );
}
