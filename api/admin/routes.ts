import type { Route } from '../route.ts';
import { accountRoutes } from './accounts.ts';
import { auditRoutes } from './audit.ts';
import { endpointRoutes } from './endpoints.ts';
import { keyRoutes } from './keys.ts';
import { merchantRoutes } from './merchants.ts';
import { secretRoutes } from './secrets.ts';

/** What the console's settings work with. Each change takes `configure`; whoever may look sees no secret either. */
export const adminRoutes: readonly Route[] = [
  ...merchantRoutes,
  ...keyRoutes,
  ...accountRoutes,
  ...secretRoutes,
  ...endpointRoutes,
  ...auditRoutes,
];
