import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ALARMS } from '../domain/alarms/index.ts';
import { generatedFiles } from './generate.ts';
import { DASHBOARDS } from './grafana/dashboards.ts';

/** What Prometheus and Grafana are given: whole, not stale, and judged by Prometheus' own tool. */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const RUNBOOKS = join(HERE, '../docs/runbooks');

const promtool = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', cwd: HERE });
  return { status, text: `${stdout}${stderr}` };
};
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
// Debian's package `prometheus` has it; CI installs it, so there its absence is a failure.
const withPromtool = it.skipIf(!hasPromtool && !process.env.CI);

describe('generated files', () => {
  it.each(Object.entries(generatedFiles()))('%s is not stale', (name, text) => {
    const written = existsSync(join(HERE, name)) ? readFileSync(join(HERE, name), 'utf8') : '';
    expect(written === text, `run: node --import tsx deploy/generate.ts (${name})`).toBe(true);
  });

  it('are all that lies there', () => {
    const lying = [
      ...readdirSync(join(HERE, 'grafana')).map((name) => `grafana/${name}`),
      ...readdirSync(join(HERE, 'prometheus')).map((name) => `prometheus/${name}`),
      ...readdirSync(join(HERE, 'prometheus/tests')).map((name) => `prometheus/tests/${name}`),
    ].filter((name) => /\.(ya?ml|json)$/.test(name));
    expect(lying.sort()).toEqual(Object.keys(generatedFiles()).sort());
  });
});

describe('alert rules', () => {
  withPromtool('are rules to Prometheus', () => {
    const { status, text } = promtool(
      'check',
      'rules',
      'prometheus/alerts.yaml',
      'prometheus/recording.yaml',
    );
    expect(status, text).toBe(0);
    expect(text).toContain(`${ALARMS.length} rules found`);
  });

  withPromtool('each fire in one case, saying what is wrong, and rest in another', () => {
    const { status, text } = promtool('test', 'rules', 'prometheus/tests/alerts.yaml');
    expect(status, text).toBe(0);
  });

  withPromtool('would not pass these cases if one were never to fire', () => {
    const dir = mkdtempSync(join(tmpdir(), 'interlock-rules-'));
    try {
      const files = generatedFiles();
      const deaf = files['prometheus/alerts.yaml']?.replace(
        'min(interlock_worker_last_look_age_seconds) > 120',
        'vector(0) > 1',
      );
      writeFileSync(join(dir, 'alerts.yaml'), deaf ?? '');
      writeFileSync(join(dir, 'recording.yaml'), files['prometheus/recording.yaml'] ?? '');
      const tests = files['prometheus/tests/alerts.yaml']?.replaceAll('../', '') ?? '';
      writeFileSync(join(dir, 'tests.yaml'), tests);
      const { status, text } = promtool('test', 'rules', join(dir, 'tests.yaml'));
      expect(status).not.toBe(0);
      expect(text).toContain('WorkersAbsent');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe('runbooks', () => {
  it('are linked from alerts by addresses that a pager can open, at the base that was asked for', () => {
    const urlsOf = (text = '') => [...text.matchAll(/runbook_url: (\S+)/g)].map(([, url = '']) => url);
    const urls = urlsOf(generatedFiles()['prometheus/alerts.yaml']);
    expect(urls).toHaveLength(ALARMS.length);
    expect(urls.filter((url) => !URL.canParse(url))).toEqual([]);
    const ours = urlsOf(generatedFiles('https://wiki.test/pages')['prometheus/alerts.yaml']);
    expect(ours).toContain('https://wiki.test/pages/workers-absent.md');
    expect(ours.every((url) => url.startsWith('https://wiki.test/pages/'))).toBe(true);
  });

  it('are there for each alarm, name it, and say what it means, where to look, what to do and how it ends', () => {
    for (const { name, runbook } of ALARMS) {
      const path = join(RUNBOOKS, `${runbook}.md`);
      expect(existsSync(path), `${name}: docs/runbooks/${runbook}.md`).toBe(true);
      const text = readFileSync(path, 'utf8');
      expect(text).toContain(`\`${name}\``);
      for (const heading of ['What it means', 'First look', 'What to do', 'How it ends'])
        expect(text, `${runbook}: ${heading}`).toContain(`## ${heading}\n`);
    }
  });

  it('are linked from an alarm, every one', () => {
    const linked = new Set(ALARMS.map(({ runbook }) => `${runbook}.md`));
    expect(readdirSync(RUNBOOKS).filter((name) => !linked.has(name))).toEqual([]);
  });

  it('and what is promised stand in docs/observability.md', () => {
    const text = readFileSync(join(HERE, '../docs/observability.md'), 'utf8');
    for (const { name, runbook } of ALARMS) {
      expect(text).toContain(`\`${name}\``);
      expect(text).toContain(`(runbooks/${runbook}.md)`);
    }
  });
});

describe('dashboards', () => {
  it('have ids of their own and panels that do not overlap', () => {
    expect(new Set(DASHBOARDS.map(({ uid }) => uid)).size).toBe(DASHBOARDS.length);
    for (const [name, text] of Object.entries(generatedFiles()).filter(([each]) => each.endsWith('.json'))) {
      const { panels } = JSON.parse(text) as {
        panels: { id: number; gridPos: { x: number; y: number; w: number } }[];
      };
      expect(new Set(panels.map(({ id }) => id)).size, name).toBe(panels.length);
      expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x},${y}`)).size, name).toBe(panels.length);
      expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w)), name).toBeLessThanOrEqual(24);
    }
  });

  withPromtool('ask Prometheus what it understands', () => {
    const expressions = DASHBOARDS.flatMap(({ rows }) =>
      rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(([expr]) => expr))),
    );
    const rules = expressions.map((expr, index) => ({ record: `panel:query:${index}`, expr }));
    const dir = mkdtempSync(join(tmpdir(), 'interlock-panels-'));
    try {
      writeFileSync(join(dir, 'rules.yaml'), stringify({ groups: [{ name: 'panels', rules }] }));
      expect(
        execFileSync('promtool', ['check', 'rules', join(dir, 'rules.yaml')], { encoding: 'utf8' }),
      ).toContain(`${rules.length} rules found`);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
