/** The business day of a provider account: its name, and where it begins and ends in the account's time zone. */

/** The workflow of one day, and its run's row: one name, so that nobody can run a day twice at once. */
export function reconciliationId(accountId: string, businessDate: string): string {
  return `reconciliation/${accountId}/${businessDate}`;
}

/** The Schedule of an account; its own workflows carry this name and a time. */
export function reconciliationScheduleId(accountId: string): string {
  return `reconciliation/${accountId}`;
}

/** Whether a text is a day that the calendar has, as `YYYY-MM-DD`. */
export function isBusinessDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const instant = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(instant) && new Date(instant).toISOString().slice(0, 10) === text;
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-CA', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The day that is in an account's time zone at an instant. */
export function dateAt(atMs: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(atMs);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('year').padStart(4, '0')}-${of('month')}-${of('day')}`;
}

export function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
}

function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}

const DAY_MS = 86_400_000;

/** When a day begins and ends there: 23 or 25 hours apart where clocks are moved. */
export function boundsOf(date: string, timeZone: string): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: midnight(date, timeZone), toMs: midnight(dayAfter(date), timeZone) };
}

/** The first instant of a day. Where clocks jump over midnight, the day begins later. */
function midnight(date: string, timeZone: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`);
  let low = utc - DAY_MS;
  let high = utc + DAY_MS;
  // Dates only grow with time, so the instant at which this one begins is found by halves.
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (dateAt(middle, timeZone) < date) low = middle;
    else high = middle;
  }
  return high;
}
