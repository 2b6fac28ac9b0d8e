import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole, consoleIsStale, replaceFiles, SOURCES } from './console-build.ts';
import { ROOT } from './paths.ts';

/** Looks without a pause, beside the thread that renames, whether a page can be read and whether the file that it names can. */
const READER = `
  const { readFileSync } = require('node:fs');
  const { parentPort, workerData: folder } = require('node:worker_threads');
  const missing = [];
  let isOver = false;
  parentPort.on('message', () => { isOver = true; });
  const look = () => {
    for (let i = 0; i < 200; i += 1) {
      try {
        readFileSync(folder + '/index.html');
      } catch (error) {
        missing.push(error.message);
      }
    }
    if (isOver) return parentPort.postMessage(missing);
    setImmediate(look);
  };
  parentPort.postMessage('begun');
  look();`;

describe("the console's build", () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'interlock-console-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('is made once when two ask for it at once, whole, and leaves nothing beside it', async () => {
    const folder = join(home, 'built/console');
    expect(consoleIsStale(folder)).toBe(true);
    const beganMs = Date.now();
    const [one, other] = await Promise.all([buildConsole(folder), buildConsole(folder)]);
    expect(one.files).toBeGreaterThan(3);
    expect(other).toEqual(one);
    expect(readdirSync(join(home, 'built'))).toEqual(['console']);
    expect(consoleIsStale(folder)).toBe(false);
    // Stamped with its beginning: bundling takes longer than this.
    expect(statSync(join(folder, 'index.html')).mtimeMs - beganMs).toBeLessThan(500);
  });

  it('is stale when any of the files that it is made of has changed', async () => {
    const made = await build({
      configFile: join(ROOT, 'console/vite.config.ts'),
      logLevel: 'warn',
      build: { write: false },
    });
    const chunks = [made].flat().flatMap((each) => ('output' in each ? each.output : []));
    const files = chunks
      .flatMap((each) => (each.type === 'chunk' ? each.moduleIds : []))
      .filter((id) => id.startsWith(ROOT) && !id.includes('/node_modules/'))
      .map((id) => relative(ROOT, id));
    expect(files).toContain('docs/runbooks/workers-absent.md');
    const isWatched = (file: string) => SOURCES.some((name) => file === name || file.startsWith(`${name}/`));
    expect(files.filter((file) => !isWatched(file))).toEqual([]);
  });

  it('replaces the one before without a moment in which there is none', async () => {
    const [from, to] = [join(home, 'from'), join(home, 'to')];
    writeBuild(from, 0);
    replaceFiles(from, to);
    const reader = new Worker(READER, { eval: true, workerData: to });
    await new Promise((resolve) => reader.once('message', resolve));
    for (let version = 1; version <= 300; version += 1) {
      writeBuild(from, version);
      replaceFiles(from, to);
    }
    reader.postMessage('over');
    const missing = await new Promise((resolve) => reader.once('message', resolve));
    await reader.terminate();
    expect(missing).toEqual([]);
    expect(readdirSync(join(to, 'assets'))).toEqual(['300.js']);
    expect(existsSync(join(to, 'index.html.gz'))).toBe(true);
  });
});

function writeBuild(folder: string, version: number): void {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'assets', `${version}.js`), String(version));
  for (const name of ['index.html', 'index.html.gz'])
    writeFileSync(join(folder, name), `assets/${version}.js`);
}
