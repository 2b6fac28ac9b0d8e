import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Seams } from '../crash-points.ts';

let seams: Seams;
let folder: string;
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-seam-test-'));
  seams = new Seams(folder);
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

const PRELOAD = new URL('./preload.mjs', import.meta.url).href;

function run(script: string, clock: 'everywhere' | 'wire' = 'everywhere', name = 'worker-0') {
  const child = spawn(process.execPath, ['--import', PRELOAD, '--input-type=module', '-e', script], {
    env: { STORM_SEAM_DIR: folder, STORM_PROCESS: name, STORM_CLOCK: clock },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const lines = createInterface({ input: child.stdout });
  return { child, next: async () => String((await once(lines, 'line'))[0]) };
}

const HOUR_MS = 3_600_000;
const TELL = `console.log(JSON.stringify({
  now: Date.now(), made: new Date().getTime(), wire: stormWireNow(), given: new Date(5).getTime(),
  is: new Date() instanceof Date, text: new Date(0).toISOString() }))`;

describe('the clock seam', () => {
  it('shifts what the process takes for now, and nothing else', async () => {
    seams.setClock('worker-0', 25 * HOUR_MS);
    const told = JSON.parse(await run(TELL).next());
    for (const time of [told.now, told.made, told.wire]) {
      expect(Math.abs(time - Date.now() - 25 * HOUR_MS)).toBeLessThan(60_000);
    }
    expect(told).toMatchObject({ given: 5, is: true, text: '1970-01-01T00:00:00.000Z' });
  });

  it("leaves a simulator's own clock alone, and shifts what it writes on the wire", async () => {
    seams.setClock('worker-0', -25 * HOUR_MS);
    const told = JSON.parse(await run(TELL, 'wire').next());
    expect(Math.abs(told.now - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(told.wire - Date.now() + 25 * HOUR_MS)).toBeLessThan(60_000);
  });

  it("jumps while the process runs, and concerns no other process's clock", async () => {
    const script = `console.log('up'); setInterval(() => console.log(Date.now()), 20)`;
    const { next } = run(script);
    await next();
    seams.setClock('worker-1', 25 * HOUR_MS);
    seams.setClock('worker-0', HOUR_MS);
    for (;;) {
      const ahead = Number(await next()) - Date.now();
      if (ahead < HOUR_MS / 2) continue;
      expect(ahead).toBeLessThan(2 * HOUR_MS);
      break;
    }
  });
});

describe('a crash point', () => {
  const PASS = `console.log('up'); setInterval(() => stormSeam('claimed', 'capture op_1'), 10)`;

  it('kills the process that passes it while it is armed, once', async () => {
    const { child, next } = run(PASS);
    const other = run(PASS, 'everywhere', 'worker-1');
    await Promise.all([next(), other.next()]);
    expect(child.exitCode).toBeNull();
    const armed = seams.arm('claimed', { signal: 'SIGKILL', process: 'worker-0', match: '^capture ' });
    const [[, signal], taken] = await Promise.all([once(child, 'exit'), armed.taken(10_000)]);
    expect(signal).toBe('SIGKILL');
    expect(taken).toMatchObject({ process: 'worker-0', pid: child.pid, detail: 'capture op_1' });
    expect(other.child.exitCode).toBeNull();
  });

  it('lets pass what does not match, and is disarmed when its time is up', async () => {
    const { child, next } = run(PASS);
    await next();
    const armed = seams.arm('claimed', { signal: 'SIGKILL', match: '^refund ' });
    expect(await armed.taken(200)).toBeUndefined();
    expect(child.exitCode).toBeNull();
    expect(child.signalCode).toBeNull();
  });
});
