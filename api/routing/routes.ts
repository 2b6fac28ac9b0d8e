import type { Route } from '../route.ts';
import { backtestRoutes } from './backtests.ts';
import { experimentRoutes } from './experiments.ts';
import { explainPayment } from './explain.ts';
import { figureRoutes } from './figures.ts';
import { languageRoutes } from './language.ts';
import { moveRoutes } from './moves.ts';
import { platformRoutes } from './platform.ts';
import { policyRoutes } from './policies.ts';
import { simulate } from './simulate.ts';

/** Routing as merchants and operators see it: policies and their life, what would be decided, and what was and why. */
export const routingRoutes: readonly Route[] = [
  ...policyRoutes,
  ...moveRoutes,
  simulate,
  explainPayment,
  ...figureRoutes,
  ...languageRoutes,
  ...platformRoutes,
  ...backtestRoutes,
  ...experimentRoutes,
];
