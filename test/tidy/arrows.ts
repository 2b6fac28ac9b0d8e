/**
 * The rooms and the arrows between them, as DESIGN.md's table has them. An entry is a room's name (any file
 * of it) or a path's beginning. What is not listed is forbidden; `test/tidy/tidy.test.ts` says so.
 */
export interface Room {
  readonly may: readonly string[];
  /** Only as `import type`: nothing of it runs here. */
  readonly typesOnly?: readonly string[];
  /** Files and folders with arrows of their own (composition roots, templates of what will lie elsewhere). */
  readonly exceptions?: Readonly<Record<string, readonly string[]>>;
}

export const ROOMS: Readonly<Record<string, Room>> = {
  domain: { may: [] },
  workflows: { may: ['domain'], typesOnly: ['activities'] },
  activities: { may: ['domain', 'providers', 'db', 'vault', 'telemetry/span.ts'] },
  providers: { may: ['domain'] },
  vault: { may: ['domain', 'db'] },
  db: { may: ['domain', 'telemetry/span.ts'] },
  prisma: { may: [] },
  client: {
    may: [
      'domain',
      'workflows/payment/messages.ts',
      'workflows/refund/messages.ts',
      'workflows/operations/operator-messages.ts',
      'workflows/delivery/messages.ts',
      'workflows/case/messages.ts',
      'workflows/reconciliation/messages.ts',
      'workflows/backtest/messages.ts',
      'workflows/experiment/messages.ts',
      'workflows/rollup/messages.ts',
      'workflows/canary/messages.ts',
      'db',
      'telemetry/span.ts',
    ],
  },
  api: {
    may: ['client', 'domain', 'db/requests', 'db/read', 'db/inbox', 'db/settings', 'telemetry/span.ts'],
    exceptions: {
      'api/main.ts': ['db', 'config', 'vault', 'providers/registry.ts', 'providers/settlement', 'telemetry'],
      'api/admin/compose.ts': ['db', 'config', 'vault', 'providers/account-form.ts', 'providers/check.ts'],
    },
  },
  worker: { may: ['activities', 'providers', 'db', 'vault', 'client', 'config', 'domain', 'telemetry'] },
  sandbox: { may: [] },
  sdk: { may: [] },
  cli: {
    may: ['client', 'domain', 'db', 'providers', 'config', 'telemetry'],
    // The doctor tries whether the keys open what is sealed.
    exceptions: { 'cli/new-provider/template/sandbox': ['sandbox'], 'cli/doctor': ['vault'] },
  },
  config: { may: [] },
  telemetry: { may: ['domain'] },
  console: { may: [], exceptions: { 'console/generate.ts': ['api/app.ts'] } },
};

/** Outside of the table: measurements, tests that cross rooms, prose. */
export const EXEMPT = ['bench', 'test', 'docs', 'deploy'] as const;
