import type { Route } from '../route.ts';
import { analyticsRoutes } from './analytics.ts';
import { overview } from './overview.ts';

/** Figures for operators and analysts: how it stands, and how it went. */
export const figureRoutes: readonly Route[] = [overview, ...analyticsRoutes];
