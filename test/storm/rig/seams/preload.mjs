// Loaded into a storm's processes before anything else (`node --import`). Two test-only seams, both driven by
// files in STORM_SEAM_DIR: a clock that is wrong, and points at which a process dies or stops. Production
// code knows of neither; calls of `stormSeam` are patched into the tree that the processes run from.
import { appendFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const dir = process.env.STORM_SEAM_DIR;
const name = process.env.STORM_PROCESS;
if (dir === undefined || name === undefined) throw new Error('STORM_SEAM_DIR and STORM_PROCESS must be set');

const clockFile = join(dir, `clock-${name}`);
const LOOK_EVERY_MS = 100;
let lookedAtMs = Number.NEGATIVE_INFINITY;
let offsetMs = 0;

function offset() {
  const now = performance.now();
  if (now - lookedAtMs < LOOK_EVERY_MS) return offsetMs;
  lookedAtMs = now;
  try {
    offsetMs = Number(readFileSync(clockFile, 'utf8')) || 0;
  } catch {
    offsetMs = 0;
  }
  return offsetMs;
}

const TrueDate = Date;
const shiftedNow = () => TrueDate.now() + offset();

if (process.env.STORM_CLOCK === 'everywhere') {
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget),
    apply: () => new TrueDate(shiftedNow()).toString(),
    get: (target, property, receiver) =>
      property === 'now' ? shiftedNow : Reflect.get(target, property, receiver),
  });
}
/** What a simulator writes on the wire; its journal, its keys' ages and its index keep the true time. */
globalThis.stormWireNow = shiftedNow;

/**
 * Dies or stops here if this point is armed, and if what happens here matches. The rename lets one process
 * take the arming, however many pass; it is undone where the details don't match.
 */
globalThis.stormSeam = (point, detail = '') => {
  const armed = join(dir, `armed-${point}`);
  const mine = join(dir, `trying-${point}-${process.pid}`);
  let order;
  try {
    renameSync(armed, mine);
    order = JSON.parse(readFileSync(mine, 'utf8'));
  } catch {
    return;
  }
  if (order.process !== undefined && order.process !== name) return renameSync(mine, armed);
  if (order.match !== undefined && !new RegExp(order.match).test(detail)) return renameSync(mine, armed);
  const atMs = TrueDate.now();
  appendFileSync(mine, `\n${JSON.stringify({ process: name, pid: process.pid, detail, atMs })}\n`);
  renameSync(mine, join(dir, `taken-${point}-${order.id}`));
  process.kill(process.pid, order.signal);
  // A stop is delivered when the system gets to it; nothing more may be done before.
  if (order.signal === 'SIGSTOP') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
};
