import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../cli/stack/paths.ts';
import { FINDING_KINDS } from '../checker/index.ts';
import { SEAM_PATCHES, WIRE_CLOCK_PATCHES } from '../rig/crash-points.ts';
import { type Patch, patched } from '../rig/tree.ts';
import { SABOTAGES } from './builds.ts';

/** A patch that no longer fits would break nothing, and its build would be sound. */
const SEAMS = [...SEAM_PATCHES, ...WIRE_CLOCK_PATCHES];

function sourcesAfter(patches: readonly Patch[]): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const patch of patches) {
    const before = sources.get(patch.file) ?? readFileSync(join(ROOT, patch.file), 'utf8');
    sources.set(patch.file, patched(before, patch));
  }
  return sources;
}

function syntaxErrors(file: string, text: string): readonly string[] {
  const { diagnostics = [] } = ts.transpileModule(text, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the sabotaged builds', () => {
  it.each(SABOTAGES.map((sabotage) => [sabotage.name, sabotage] as const))(
    "%s fits today's sources and parses",
    (_name, { patches }) => {
      const sources = sourcesAfter(patches);
      for (const { file } of patches) {
        const text = sources.get(file) ?? '';
        expect(text).not.toBe(readFileSync(join(ROOT, file), 'utf8'));
        expect(syntaxErrors(file, text)).toEqual([]);
      }
    },
  );

  it("fit beside the storm's own seams", () => {
    for (const { patches } of SABOTAGES) expect(() => sourcesAfter([...SEAMS, ...patches])).not.toThrow();
  });

  it('are at least twelve, each with a name of its own', () => {
    expect(SABOTAGES.length).toBeGreaterThanOrEqual(12);
    expect(new Set(SABOTAGES.map(({ name }) => name)).size).toBe(SABOTAGES.length);
  });

  it('break every invariant at least once', () => {
    const expected = new Set(SABOTAGES.flatMap(({ expect: kinds }) => kinds));
    expect([...expected].sort()).toEqual([...FINDING_KINDS].sort());
  });

  it('a patch that does not fit is noticed', () => {
    expect(() => patched('a b a', { file: 'x', find: 'a', replace: 'c' })).toThrow(/occurs 2 times/);
    expect(() => patched('b', { file: 'x', find: 'a', replace: 'c' })).toThrow(/occurs 0 times/);
    expect(syntaxErrors('x.ts', 'const = 1')).not.toEqual([]);
  });
});
