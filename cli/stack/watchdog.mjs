/**
 * Ends the stack's processes when the process that started them dies without doing it, kill -9 included. Its
 * standard input is a pipe from that process, so the end of input *is* its death; each line before is the
 * current list of processes, and of folders that shall not outlive it, as JSON.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { endAll } from './identity.mjs';

const GRACE_MS = 8_000;
let records = [];
let discard = [];

// Ctrl-C reaches a whole terminal: the watchdog must outlive the process it watches.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  ({ children: records, discard } = JSON.parse(line));
});
lines.on('close', async () => {
  // Last started, first ended: the worker goes before the servers it speaks to.
  for (const record of [...records].reverse()) await endAll([record], GRACE_MS);
  for (const path of discard) rmSync(path, { recursive: true, force: true });
  process.exit(0);
});
