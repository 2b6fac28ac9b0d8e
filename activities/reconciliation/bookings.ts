import { refreshBookings } from '../../db/reconciliation/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { copyPoolOf, counted, type DayOrder, runAt, type Said, watched } from './day.ts';

/** Brings what we expect to be settled up to what is recorded by now. */
export function createRefreshBookings(deps: Dependencies) {
  return async function refreshBookingsOf(day: DayOrder): Promise<Said> {
    return watched(async () => {
      const run = await runAt(deps, day, 'bookings');
      const { changed } = await refreshBookings(copyPoolOf(deps), run);
      return { said: `${counted(changed, 'booking')} new or changed` };
    });
  };
}
