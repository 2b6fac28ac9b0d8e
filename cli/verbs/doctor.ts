import { parseArgs } from 'node:util';
import { ConfigError, loadConfig } from '../../config/env.ts';
import { examine, render } from '../doctor/run.ts';
import { stackEnvironment } from '../stack/stack-file.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'examine an installation and say what to do where it is not well',
  usage: `Usage: ./interlock doctor [--json]

Looks at the settings and keys, Postgres (reachable, migrations, guards, clock), Temporal (namespace, search
attributes, payload keys, Schedules), workers on each task queue, each provider account's credentials by one
harmless question, the API's public address, merchants' endpoints, the canary and the alarms. It changes nothing.
Exits 1 when something is broken; what is marked ! is worth a look.

  --json    print one line of JSON: {"broken":N,"findings":[{"area":...,"check":...,"result":...,"todo":...}]}

It uses the environment, or that of the stack that is running.`,
  run,
};

export default verb;

async function run(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { json: { type: 'boolean', default: false } } });
  const env = stackEnvironment(process.env);
  const findings = await examined(env);
  const broken = findings.filter(({ result }) => result === 'failed').length;
  console.log(values.json ? JSON.stringify({ broken, findings }) : render(findings));
  return broken === 0 ? 0 : 1;
}

/** An environment that can't be read is the first thing to be told, variable by variable. */
async function examined(env: Record<string, string | undefined>) {
  try {
    return await examine(loadConfig(env), env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => {
      const [name = '', ...rest] = problem.split(' ');
      return {
        area: 'settings' as const,
        check: name,
        result: 'failed' as const,
        detail: rest.join(' '),
        todo: 'set it in the environment, or start the embedded stack with: ./interlock up',
      };
    });
  }
}
