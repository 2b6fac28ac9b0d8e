/**
 * `./interlock storm`: breaks a whole Interlock in every way that it must survive, then has the checker look
 * at what is left. Ends with a table and one line of JSON; exits 1 if an invariant was broken, or an alarm cried wolf or slept.
 */
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { judgeAlarms } from './alarms.ts';
import { check, type Finding } from './checker/index.ts';
import { figuresOf } from './figures.ts';
import { BadOption, commandFor, parseOptions, type StormOptions } from './options.ts';
import { lastLine, renderReport } from './report.ts';
import { type Rig, startRig } from './rig/rig.ts';
import { runStorm, type StormResult } from './run-storm.ts';

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => interrupted.abort());
  }
  quietTemporal();
  if (options.sabotage !== undefined) {
    const { runSabotages } = await import('./sabotage/index.ts');
    return runSabotages(options, interrupted.signal);
  }
  return storm(options, interrupted.signal);
}

async function storm(options: StormOptions, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  const say = (line: string) => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    console.error(`${seconds.padStart(6)} s  ${line}`);
  };
  const { pace, proxy, source } = options;
  const rig = await startRig({ pace, proxy, say, ...(source === undefined ? {} : { source }) });
  try {
    signal.throwIfAborted();
    say(`seed ${options.seed}, ${options.payments} payments; network faults by ${nameOf(rig)}`);
    const result = await runStorm({ rig, plan: options, signal, say });
    tellOfProcesses(rig, say);
    const violations = check(result.evidence);
    const figures = figuresOf(rig, result);
    const elapsedMs = performance.now() - startedMs;
    const alarms = judgeAlarms(result.evidence);
    const report = { options, result, violations, figures, alarms, elapsedMs };
    // For programs standard output has one line; people may still read along.
    const tell = options.json ? console.error : console.log;
    tell(renderReport(report));
    const sound = violations.length === 0 && alarms.unexplained.length === 0 && alarms.missing.length === 0;
    if (!sound || options.keep) tell(whereToLook(rig, options, result, violations));
    console.log(lastLine(report));
    return sound ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) console.error(`What the rig has written: ${keepEvidence(rig, [])}`);
    throw error;
  } finally {
    await rig.close();
  }
}

function nameOf({ proxyName }: Rig): string {
  return proxyName === 'own' ? "the storm's own proxy" : proxyName;
}

/** A process that nobody killed must not have ended; a supervisor would hide it. */
function tellOfProcesses({ fleet }: Rig, say: (line: string) => void): void {
  for (const { name, at } of fleet.unexpected)
    say(`  ${name} ended by itself at ${new Date(at).toISOString()}`);
  for (const { name, error } of fleet.failedStarts)
    say(`  ${name} did not start at once: ${error.split('\n')[0]}`);
}

function whereToLook(
  rig: Rig,
  options: StormOptions,
  { rest }: StormResult,
  violations: readonly Finding[],
): string {
  return [
    `\nThe evidence is in ${keepEvidence(rig, violations)}`,
    ...(rest.restless.length === 0 ? [] : [`Not at rest:\n  ${rest.restless.slice(0, 20).join('\n  ')}`]),
    `The same again: ${commandFor(options)}\n`,
  ].join('\n');
}

/** Logs, journals and evidence.json; the databases are in it as rows. */
function keepEvidence({ dataDir }: Rig, violations: readonly Finding[]): string {
  const kept = mkdtempSync(join(tmpdir(), 'interlock-storm-evidence-'));
  mkdirSync(kept, { recursive: true });
  for (const name of [
    'evidence.json',
    'merchant.jsonl',
    'nemesis.jsonl',
    'deliveries.jsonl',
    'histories',
    'logs',
    'sandbox',
  ]) {
    try {
      cpSync(join(dataDir, name), join(kept, name), { recursive: true });
    } catch {
      // It was not written yet.
    }
  }
  writeFileSync(join(kept, 'violations.json'), JSON.stringify(violations, null, 2));
  return kept;
}

/** Replays say what is wrong by themselves. */
function quietTemporal(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: 'off', forward: {} } },
    shutdownSignals: [],
  });
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof Error && error.name === 'AbortError') process.exit(130);
    console.error(error instanceof BadOption ? `interlock storm: ${error.message}` : error);
    process.exit(error instanceof BadOption ? 2 : 1);
  },
);
