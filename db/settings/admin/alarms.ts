import type { Db } from '../../client.ts';
import type { KeptOnce, NamedRequest } from '../../requests/once.ts';
import { recordAdminAct } from '../people/admin-audit.ts';
import { type Admin, adminOnce } from './admin.ts';

export interface AlarmAdministration {
  /** Ends what fires and does not end by itself. It fires again where the damage is still to be seen. */
  clear(
    admin: Admin,
    request: NamedRequest,
    alarm: { readonly name: string; readonly subject: string },
    answer: object,
  ): Promise<KeptOnce>;
}

export function createAlarmAdministration(db: Db): AlarmAdministration {
  return {
    clear: (admin, request, { name, subject }, answer) =>
      adminOnce(db, admin, request, async (tx) => {
        const count = await tx.$executeRaw`UPDATE alarm SET resolved_at = clock_timestamp()
          WHERE name = ${name} AND subject = ${subject} AND fired_at IS NOT NULL AND resolved_at IS NULL`;
        if (count === 0) return undefined;
        const details = { alarm: name, about: subject };
        await recordAdminAct(tx, { ...admin, action: 'alarm.cleared', subject: name, details });
        return { subjectId: name, answer };
      }),
  };
}
