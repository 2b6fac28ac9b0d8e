import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../../cli/stack/paths.ts';
import { SEAM_PATCHES, WIRE_CLOCK_PATCHES } from './crash-points.ts';
import { type Patch, patched, plantTree, StalePatchError } from './tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-tree-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const patch: Patch = { file: 'a.ts', find: 'one', replace: 'two' };

describe('a patch', () => {
  it('is applied where its text stands once, dollars and all', () => {
    expect(patched('zero one three', patch)).toBe('zero two three');
    expect(patched('one', { ...patch, replace: '$& $1' })).toBe('$& $1');
  });

  it('is an error where its text has gone, or stands twice', () => {
    expect(() => patched('zero', patch)).toThrow(StalePatchError);
    expect(() => patched('one one', patch)).toThrow('"one" in a.ts occurs 2 times');
  });
});

describe("the storm's own patches", () => {
  it('fit the sources as they are today', () => {
    const texts = new Map<string, string>();
    for (const each of [...SEAM_PATCHES, ...WIRE_CLOCK_PATCHES]) {
      const before = texts.get(each.file) ?? readFileSync(join(ROOT, each.file), 'utf8');
      texts.set(each.file, patched(before, each));
    }
    expect([...texts.values()].join().match(/stormSeam\?\./g)).toHaveLength(SEAM_PATCHES.length);
  });
});

describe('a tree', () => {
  it('has the patches, a bundle of its own workflows, and leaves the sources alone', async () => {
    const marked: Patch = {
      file: 'workflows/index.ts',
      find: '/**',
      replace: '(globalThis as any).aMarkOfThisTree = 1;\n/**',
    };
    const before = readFileSync(join(ROOT, marked.file), 'utf8');
    const tree = await plantTree({ dir: join(folder, 'tree'), patches: [marked] });
    expect(readFileSync(join(tree.dir, marked.file), 'utf8')).toContain('aMarkOfThisTree');
    expect(readFileSync(tree.bundlePath, 'utf8')).toContain('aMarkOfThisTree');
    expect(readFileSync(join(ROOT, marked.file), 'utf8')).toBe(before);
  }, 120_000);

  it('is not planted with a stale patch', async () => {
    const stale: Patch = { file: 'package.json', find: 'nothing says this', replace: '' };
    await expect(plantTree({ dir: join(folder, 'stale'), patches: [stale] })).rejects.toThrow(
      StalePatchError,
    );
  });
});
