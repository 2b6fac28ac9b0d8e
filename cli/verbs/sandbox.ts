import { runEntry } from '../run-child.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'run the simulator of one payment provider',
  usage: `Usage: ./interlock sandbox <stripe|adyen|checkout> --port N --admin-port N --data-dir DIR --webhook-url URL
                           --api-key K --webhook-secret S [--merchant-account M] [--time-scale X]

Runs a stateful simulator in the foreground. It writes every money movement to a journal in the data
directory before it answers, sends signed webhooks, and takes faults on its admin port.`,
  run: async (argv) => {
    if (argv.length === 0) throw new UsageError('which provider? stripe, adyen or checkout');
    return runEntry('sandbox/main.ts', argv);
  },
};

export default verb;
