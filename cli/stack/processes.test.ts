import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAlive, startMark } from './identity.mjs';
import { ROOT } from './paths.ts';
import { AlreadyRunningError, type ChildEvent, type ChildSpec, ProcessGroup } from './processes.ts';

let dir: string;
const groups: ProcessGroup[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'interlock-processes-'));
});

afterEach(async () => {
  for (const group of groups.splice(0)) await group.stopAll(true);
  rmSync(dir, { recursive: true, force: true });
});

async function open(onEvent?: (event: ChildEvent) => void): Promise<ProcessGroup> {
  const group = await ProcessGroup.open(dir, onEvent);
  groups.push(group);
  return group;
}

/** A child that announces itself and then waits to be ended. */
function sleeper(name: string, script = ''): ChildSpec {
  const body = `${script}; console.log(JSON.stringify({ready:true,pid:process.pid})); setInterval(() => {}, 1e6)`;
  return { name, command: process.execPath, args: ['-e', body], readiness: { timeoutMs: 15_000 } };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const alive = (pid: number, mark: string | undefined) => mark !== undefined && isAlive({ pid, mark });

test('a child is ready when it says so, and ends with the group', async () => {
  const group = await open();
  const ready = await group.start(sleeper('one'));
  const pid = Number(ready.pid);
  expect(pid).toBe(group.pidOf('one'));
  const mark = startMark(pid);
  expect(alive(pid, mark)).toBe(true);
  await group.stopAll();
  expect(alive(pid, mark)).toBe(false);
});

test('the descendants of a child end with it', async () => {
  const group = await open();
  const script = `const g = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(()=>{},1e6)']);
    require('node:fs').writeFileSync(${JSON.stringify(join(dir, 'grandchild'))}, String(g.pid))`;
  await group.start(sleeper('parent', script));
  const pid = Number(readFileSync(join(dir, 'grandchild'), 'utf8'));
  const mark = startMark(pid);
  expect(mark).toBeDefined();
  await group.stopAll();
  await until('the grandchild ends', () => !alive(pid, mark));
});

test('a child that ignores the polite signal is killed after its grace', async () => {
  const group = await open();
  await group.start({ ...sleeper('stubborn', `process.on('SIGTERM', () => {})`), stopGraceMs: 200 });
  const pid = group.pidOf('stubborn') ?? 0;
  const mark = startMark(pid);
  await group.stop('stubborn');
  await until('the child is killed', () => !alive(pid, mark));
});

test('a child that ends before it is ready fails the start with the end of its log', async () => {
  const group = await open();
  const spec = { ...sleeper('broken'), args: ['-e', `console.error('no database'); process.exit(3)`] };
  await expect(group.start(spec)).rejects.toThrow(/broken ended before it was ready[\s\S]*no database/);
  expect(group.names).toEqual([]);
});

test('a command that does not exist fails the start', async () => {
  const group = await open();
  await expect(group.start({ ...sleeper('absent'), command: join(dir, 'nothing') })).rejects.toThrow(
    /ENOENT/,
  );
});

test('a child that dies is started again, and its death is reported', async () => {
  const events: ChildEvent[] = [];
  const group = await open((event) => events.push(event));
  await group.start({ ...sleeper('phoenix'), restart: true });
  const first = group.pidOf('phoenix') ?? 0;
  process.kill(first, 'SIGKILL');
  await until('the child comes back', () => events.some((event) => event.kind === 'restarted'));
  expect(events.map((event) => event.kind)).toEqual(['exited', 'restarted']);
  expect(group.pidOf('phoenix')).not.toBe(first);
});

test('a second owner of a living data directory is refused', async () => {
  const holder = await ownerProcess();
  await expect(ProcessGroup.open(dir)).rejects.toThrow(AlreadyRunningError);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
});

test('children end when their owner is killed with SIGKILL', async () => {
  const holder = await ownerProcess();
  const { pid, mark } = childRecord();
  expect(alive(pid, mark)).toBe(true);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await until('the watchdog ends the child', () => !alive(pid, mark));
});

test('folders that were to be discarded go when their owner is killed', async () => {
  const folder = join(dir, 'scratch');
  mkdirSync(folder);
  const holder = await ownerProcess(`group.discardAtEnd([${JSON.stringify(folder)}]);`);
  expect(existsSync(folder)).toBe(true);
  holder.kill('SIGKILL');
  await until('the watchdog removes the folder', () => !existsSync(folder));
});

test('a child that outlived owner and watchdog is ended by the next start', async () => {
  const orphan = spawn(process.execPath, ['-e', 'setInterval(()=>{},1e6)'], {
    detached: true,
    stdio: 'ignore',
  });
  await once(orphan, 'spawn');
  const pid = orphan.pid ?? 0;
  const mark = startMark(pid) ?? '';
  writeRecords([{ name: 'orphan', pid, mark, signal: 'SIGTERM' }]);
  await open();
  await until('the orphan ends', () => !alive(pid, mark));
});

test('a stranger that was given a recorded pid is left alone', async () => {
  const stranger = spawn(process.execPath, ['-e', 'setInterval(()=>{},1e6)'], {
    detached: true,
    stdio: 'ignore',
  });
  await once(stranger, 'spawn');
  const pid = stranger.pid ?? 0;
  const mark = startMark(pid);
  writeRecords([{ name: 'long-gone', pid, mark: 'another start', signal: 'SIGKILL' }]);
  await open();
  expect(alive(pid, mark)).toBe(true);
  stranger.kill('SIGKILL');
});

function writeRecords(children: object[]): void {
  const owner = { pid: 999_999_999, mark: 'dead' };
  writeFileSync(join(dir, 'processes.json'), JSON.stringify({ owner, children }));
}

function childRecord(): { pid: number; mark: string } {
  const { children } = JSON.parse(readFileSync(join(dir, 'processes.json'), 'utf8'));
  return children[0];
}

/** Another process that owns the data directory and runs one child in it. */
async function ownerProcess(script = '') {
  const module = pathToFileURL(join(ROOT, 'cli/stack/processes.ts')).href;
  const spec = JSON.stringify(sleeper('kept'));
  const marker = join(dir, 'owned');
  const program = `const { ProcessGroup } = await import(${JSON.stringify(module)});
    const group = await ProcessGroup.open(${JSON.stringify(dir)});
    await group.start(${spec});
    ${script}
    (await import('node:fs')).writeFileSync(${JSON.stringify(marker)}, 'yes');
    setInterval(() => {}, 1e6);`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await until('the other owner is up', () => existsSync(marker) || owner.exitCode !== null);
  return owner;
}
