import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** When anything at or below a path last changed: whether what was built from it is stale. */
export function newestChangeMs(path: string, isLeftOut: (path: string) => boolean = () => false): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const inside = readdirSync(path)
    .map((name) => join(path, name))
    .filter((each) => !isLeftOut(each))
    .map((each) => newestChangeMs(each, isLeftOut));
  return Math.max(stat.mtimeMs, ...inside);
}
