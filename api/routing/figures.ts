import { z } from 'zod';
import { catalogueEntrySchema } from '../../domain/routing/catalogue/index.ts';
import type { ComparisonSample } from '../../domain/routing/comparison.ts';
import { addCounts, attemptsOf, NO_COUNTS, type WindowRow } from '../../domain/routing/learning/index.ts';
import { unixSeconds } from '../payments/render.ts';
import { problem } from '../problems.ts';
import { merchantRoute, type Route } from '../route.ts';
import { policyParams } from './schema.ts';
import { nameOfView, type RoutingView } from './view.ts';

const answerSchema = z.object({ order: z.array(z.string()), requirements: z.array(z.string()) });

const comparisonSchema = z
  .object({
    object: z.literal('routing_comparison'),
    version: z.int(),
    data: z.array(
      z.object({
        decided_by: z.int(),
        compared: z.int(),
        evaluated: z.int(),
        differed: z.int(),
        first_differed: z.int().meta({ description: 'Another account would have been asked first.' }),
        order_differed: z.int().meta({ description: 'The same first, others after it.' }),
        requirements_differed: z.int(),
        first_at: z.int(),
        last_at: z.int(),
        samples: z
          .array(z.object({ payment: z.string(), decided: answerSchema, would_have: answerSchema }))
          .meta({ description: 'The latest that differed, at most 20.' }),
      }),
    ),
  })
  .meta({ id: 'RoutingComparison' });

const comparison = merchantRoute({
  method: 'get',
  path: '/v1/routing/policies/:version/comparison',
  operationId: 'compareRoutingPolicy',
  summary: 'Count how often a version chose otherwise than another, as shadow, canary or active one',
  params: policyParams,
  responses: { 200: { description: 'By pair of versions, the latest first.', schema: comparisonSchema } },
  async handle({ caller, params: { version } }, services) {
    const [policy, rows] = await Promise.all([
      services.policies.find(caller, version),
      services.routing.comparisons(caller, version),
    ]);
    if (policy === undefined) throw problem('resource_missing');
    const data = rows.map((row) => ({
      decided_by: row.decidedBy,
      compared: row.compared,
      evaluated: row.evaluated,
      differed: row.differed,
      first_differed: row.firstDiffered,
      order_differed: row.orderDiffered,
      requirements_differed: row.requirementsDiffered,
      first_at: unixSeconds(row.firstAtMs),
      last_at: unixSeconds(row.lastAtMs),
      samples: row.samples.map(({ payment, decided, would_have }: ComparisonSample) => ({
        payment,
        decided,
        would_have,
      })),
    }));
    return { status: 200, body: { object: 'routing_comparison', version, data } };
  },
});

const catalogueSchema = z
  .object({
    object: z.literal('routing_catalogue'),
    id: z.string(),
    accounts: z.record(z.string(), catalogueEntrySchema.meta({ id: 'RoutingCatalogueEntry' })),
  })
  .meta({ id: 'RoutingCatalogue' });

const catalogue = merchantRoute({
  method: 'get',
  path: '/v1/routing/catalogue',
  operationId: 'getRoutingCatalogue',
  summary: 'What each of your accounts can take, and what it costs, as decisions know it',
  responses: { 200: { description: 'By account.', schema: catalogueSchema } },
  async handle({ caller }, services) {
    const view = await services.routingView(nameOfView(caller));
    if (view === undefined) throw problem('resource_missing');
    const { catalogueId: id, catalogue: kept } = view.routing;
    return { status: 200, body: { object: 'routing_catalogue', id, accounts: kept.accounts } };
  },
});

const countsSchema = z.object({
  attempts: z.int(),
  approved: z.int(),
  soft_declined: z.int(),
  hard_declined: z.int(),
  unknown: z.int(),
  not_attempted: z.int(),
});

const healthSchema = z
  .object({
    object: z.literal('routing_health'),
    at: z.int(),
    accounts: z.array(
      z.object({
        account: z.string(),
        provider: z.string(),
        enabled: z.boolean(),
        circuit: z.enum(['closed', 'open', 'half_open']),
        consecutive_failures: z.int(),
        opened_at: z.int().nullable(),
        probe_after: z.int().nullable(),
        weight_ppm: z.int().meta({ description: 'What its success counts for now; 1,000,000 is well.' }),
        unknown_ppm: z.int(),
        latency_p95_ms: z.number().nullable(),
        window: countsSchema,
        cells: z.array(
          z.object({
            method: z.string(),
            brand: z.string().nullable(),
            issuer_country: z.string().nullable(),
            currency: z.string(),
            ...countsSchema.shape,
            success_ppm: z.int().meta({ description: 'As decisions estimate it.' }),
            rests_on: z.string(),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'RoutingHealth' });

const health = merchantRoute({
  method: 'get',
  path: '/v1/routing/health',
  operationId: 'getRoutingHealth',
  summary: 'How each of your accounts does: its circuit, its weight, its success by cell, its latency',
  responses: { 200: { description: 'By account, as of the last two seconds.', schema: healthSchema } },
  async handle({ caller }, services) {
    const view = await services.routingView(nameOfView(caller));
    if (view === undefined) throw problem('resource_missing');
    const accounts = view.stored.accounts.map(({ id }) => healthOf(id, view));
    return { status: 200, body: { object: 'routing_health', at: unixSeconds(view.atMs), accounts } };
  },
});

/** Of each account, those that most payments rest on. */
const MAX_CELLS = 50;

function healthOf(accountId: string, { stored, numbers, rows, circuits, atMs }: RoutingView) {
  const account = stored.accounts.find(({ id }) => id === accountId);
  const circuit = circuits.get(accountId);
  const { weightPpm, unknownPpm, latencyP95Ms } = numbers.windows.healthOf(accountId, atMs);
  const mine = rows.filter((row) => row.accountId === accountId && row.grain === 'cell');
  return {
    account: accountId,
    provider: account?.provider ?? '',
    enabled: account?.enabled ?? false,
    circuit: circuit?.state ?? 'closed',
    consecutive_failures: circuit?.consecutiveFailures ?? 0,
    opened_at: circuit?.openedAtMs === undefined ? null : unixSeconds(circuit.openedAtMs),
    probe_after: circuit?.probeAfterMs === undefined ? null : unixSeconds(circuit.probeAfterMs),
    weight_ppm: weightPpm,
    unknown_ppm: unknownPpm,
    latency_p95_ms: latencyP95Ms ?? null,
    window: countsOf(mine),
    cells: cellsOf(mine)
      .map((cell) => {
        const [row] = cell;
        const { method, brand, issuerCountry, currency } = row;
        const facts = { method: 'card', brand, issuerCountry, currency } as const;
        const estimate = numbers.windows.estimateSuccess(accountId, facts, atMs);
        return {
          method,
          brand: brand === '' ? null : brand,
          issuer_country: issuerCountry === '' ? null : issuerCountry,
          currency,
          ...countsOf(cell),
          success_ppm: estimate.ratePpm,
          rests_on: estimate.cell,
        };
      })
      .toSorted((a, b) => b.attempts - a.attempts)
      .slice(0, MAX_CELLS),
  };
}

type Cell = readonly [WindowRow, ...WindowRow[]];

function cellsOf(rows: readonly WindowRow[]): readonly Cell[] {
  const cells = new Map<string, [WindowRow, ...WindowRow[]]>();
  for (const row of rows) {
    const key = JSON.stringify([row.method, row.brand, row.issuerCountry, row.currency]);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [row]);
    else cell.push(row);
  }
  return [...cells.values()];
}

function countsOf(rows: readonly WindowRow[]) {
  const sum = rows.reduce((total, { counts }) => addCounts(total, counts), NO_COUNTS);
  return {
    attempts: attemptsOf(sum),
    approved: sum.approved,
    soft_declined: sum.softDeclined,
    hard_declined: sum.hardDeclined,
    unknown: sum.unknown,
    not_attempted: sum.notAttempted,
  };
}

export const figureRoutes: readonly Route[] = [comparison, catalogue, health];
