import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseStat, processTree, treeCpuMs, treeMemory } from './processes.ts';

describe('a line of /proc/<pid>/stat', () => {
  it('is read past a name that holds spaces and parentheses', () => {
    const line = '42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 50 6 70 8 20 0 1 0 99 1000 10';
    expect(parseStat(line)).toEqual({ pid: 42, name: 'a) b (c', parentPid: 7, ticks: 134 });
  });
});

describe.skipIf(process.platform !== 'linux')('a process tree', () => {
  const BURN = 'const end = Date.now() + 300; while (Date.now() < end);';

  it('counts the CPU of children that have ended, and the memory of those that live', async () => {
    const program = `
      require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(BURN)}]);
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      console.log(child.pid);
      process.stdin.on('end', () => { child.kill(); process.exit(); }).resume();`;
    const parent = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const childPid = Number(line.toString());
      const rootPid = parent.pid ?? 0;
      expect(processTree(rootPid).map(({ pid }) => pid)).toEqual([rootPid, childPid]);
      // Less than the 300 ms of wall time where the machine is busy; far more than two idle processes use.
      expect(treeCpuMs(rootPid)).toBeGreaterThan(50);
      const memory = treeMemory(rootPid);
      expect(memory.map(({ pid }) => pid)).toContain(childPid);
      for (const { pssBytes } of memory) expect(pssBytes).toBeGreaterThan(1_000_000);
    } finally {
      parent.stdin.end();
      await once(parent, 'exit');
    }
  });
});
