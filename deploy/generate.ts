/**
 * `node --import tsx deploy/generate.ts`: writes Prometheus' rules and Grafana's dashboards from their tables (domain/alarms,
 * deploy/grafana/dashboards.ts). A test says when a file is stale.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { generatedDashboards } from './grafana/dashboards.ts';
import { generatedRules } from './prometheus/rules.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Every generated file's text by its path under deploy/. */
export function generatedFiles(runbooks?: string): Readonly<Record<string, string>> {
  const under = (folder: string, files: Readonly<Record<string, string>>) =>
    Object.entries(files).map(([name, text]) => [join(folder, name), text] as const);
  return Object.fromEntries([
    ...under('prometheus', generatedRules(runbooks)),
    ...under('grafana', generatedDashboards()),
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { runbooks: { type: 'string' } } });
  const base = values.runbooks?.replace(/\/+$/, '');
  for (const [name, text] of Object.entries(generatedFiles(base))) {
    mkdirSync(dirname(join(HERE, name)), { recursive: true });
    writeFileSync(join(HERE, name), text);
    console.log(`deploy/${name}`);
  }
}
