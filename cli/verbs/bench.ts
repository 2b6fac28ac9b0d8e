import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runEntry } from '../run-child.ts';
import { ROOT } from '../stack/paths.ts';
import { suggest } from '../suggest.ts';
import { UsageError, type Verb } from '../verb.ts';

const BENCH_DIR = join(ROOT, 'bench');

function suites(): string[] {
  if (!existsSync(BENCH_DIR)) return [];
  const files = readdirSync(BENCH_DIR).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  return files.map((name) => name.slice(0, -'.ts'.length)).sort();
}

const verb: Verb = {
  summary: 'measure: run one suite of bench/',
  usage: `Usage: ./interlock bench <suite> [--json] [options of the suite]

Runs bench/<suite>.ts on servers of its own, with data that goes when it ends, and prints what it measured.
With --json the last line is
{"suite":...,"figures":[{"name":...,"value":...,"goal":...,"met":...}]}.
A goal that isn't met is a result: the exit code is 0 whenever everything could be measured.

Suites: ${suites().join(', ') || 'none'}

payments: a synchronous payment beside a bare workflow that makes the same call (about eight minutes)
  --rounds N      interleaved rounds (9)
  --payments N    payments of one side in one round (240)
  --only NAMES    of latency, throughput, cpu, history, memory; with commas, or repeated
  --quick         3 rounds of 48, and memory after 100 payments: to try the bench, not the payments
  --no-webhooks   the simulators send none: what remains is the synchronous path

bench/README.md says how to read the figures.`,
  run: async (argv) => {
    const [suite, ...rest] = argv.filter((arg, index) => !(arg === '--' && index === 0));
    const known = suites();
    if (suite === undefined || suite.startsWith('-')) {
      throw new UsageError(`which suite? There are: ${known.join(', ') || 'none'}`);
    }
    if (!known.includes(suite)) {
      const close = suggest(suite, known);
      throw new UsageError(`there is no suite "${suite}"${close ? `; did you mean "${close}"?` : ''}`);
    }
    return runEntry(`bench/${suite}.ts`, rest);
  },
};

export default verb;
