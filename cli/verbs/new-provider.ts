import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeProvider, nextSteps } from '../new-provider/run.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'make a new payment provider: adapter, simulator, contract test, registry lines',
  usage: `Usage: ./interlock new:provider <name>

Makes providers/<name> (a small, complete adapter: authorize, capture, void, refund, look-up by reference, 3DS by
redirect, signed webhooks), sandbox/<name> (its simulator), a contract test that passes at once, a catalogue entry
and the registries' lines, and says what to change toward the real API. <name> is in kebab-case.

  --root DIR   make it in another copy of the tree

Refuses names that exist, and changes nothing then.

  ./interlock new:provider north-pay`,
  run,
};

export default verb;

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { root: { type: 'string' } },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError('say: new:provider <name>');
  const root = values.root ?? fileURLToPath(new URL('../..', import.meta.url));
  console.log(nextSteps(makeProvider(root, name)));
  return 0;
}
