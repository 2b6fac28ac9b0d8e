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

Runs bench/<suite>.ts. Prints a table and a last line of JSON
{"suite":...,"figures":[{"name":...,"value":...,"goal":...,"met":...}]}.`,
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
