import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

const LOG_LIMIT_BYTES = 50 * 1024 * 1024;

/** Keeps one earlier generation of a log that has grown large. */
export function rotate(path: string): void {
  try {
    if (statSync(path).size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
}

function readFrom(path: string, start: number): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - start));
    readSync(file, buffer, 0, buffer.length, start);
    return buffer.toString('utf8');
  } finally {
    closeSync(file);
  }
}

/** The first complete JSON line `{"ready":true,…}` after `start`, where there is one. */
export function readyLine(path: string, start: number): Record<string, unknown> | undefined {
  const complete = readFrom(path, start).split('\n').slice(0, -1);
  for (const line of complete) {
    if (!line.startsWith('{') || !line.includes('"ready"')) continue;
    try {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed === 'object' && parsed !== null && 'ready' in parsed && parsed.ready === true) {
        return { ...parsed };
      }
    } catch {
      // An ordinary line that merely looks like one.
    }
  }
  return undefined;
}

/** The last lines written after `start`, indented, for an error message. */
export function tail(path: string, start: number): string {
  const lines = readFrom(path, start).trimEnd().split('\n').slice(-15);
  return `${lines.map((line) => `  | ${line}`).join('\n')}\n  (whole log: ${path})`;
}
