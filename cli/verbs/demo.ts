import { parseArgs } from 'node:util';
import { createMerchant } from '../demo/merchant.ts';
import { runDemo } from '../demo/run.ts';
import { connectSandboxes } from '../demo/sandboxes.ts';
import { renderTable } from '../demo/table.ts';
import { readRunningStack } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'drive payments through the API and check them against the providers’ journals',
  usage: `Usage: ./interlock demo [--json] [--api-url URL --api-key KEY --stripe-admin URL --adyen-admin URL]

Makes about 45 payments with the providers' published test cards: approvals, captures, voids, every decline,
3DS, failover, unknown outcomes, repeats. Each is compared with what it should come to and with the journals
of the providers' sandboxes. Exits 1 on any difference. Can be run again and again on the same data.

Without options it finds the stack that ./interlock up runs. With them, all four are needed: the API, a
merchant's key, and the sandboxes' admin servers.

  --json    end with a line of JSON: {"payments":N,"as_expected":N,"charged_twice":0,"lost":0}`,
  run,
};

export default verb;

interface Target {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly adminUrls: { readonly stripe: string; readonly adyen: string };
}

async function run(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      json: { type: 'boolean', default: false },
      'api-url': { type: 'string' },
      'api-key': { type: 'string' },
      'stripe-admin': { type: 'string' },
      'adyen-admin': { type: 'string' },
    },
  });
  const { json, ...given } = values;
  const target = Object.keys(given).length === 0 ? runningTarget() : givenTarget(given);
  const result = await runDemo(
    createMerchant(target.apiUrl, target.apiKey),
    connectSandboxes(target.adminUrls),
  );
  console.log(renderTable(result));
  if (json) console.log(JSON.stringify(result.summary));
  const { payments, as_expected, charged_twice, lost } = result.summary;
  return as_expected === payments && charged_twice === 0 && lost === 0 ? 0 : 1;
}

function runningTarget(): Target {
  const stack = readRunningStack(process.env);
  if (stack === undefined) {
    throw new UsageError('no stack is running here; start one with ./interlock up, or name one by options');
  }
  const { stripe, adyen } = stack.sandboxes;
  if (stripe === undefined || adyen === undefined) {
    throw new UsageError(
      'the demo breaks providers on purpose, so it needs both sandboxes; one is real here',
    );
  }
  const adminUrls = { stripe: stripe.adminUrl, adyen: adyen.adminUrl };
  return { apiUrl: stack.apiUrl, apiKey: stack.apiKey, adminUrls };
}

function givenTarget(given: Partial<Record<string, string>>): Target {
  const need = (name: string) => {
    const value = given[name];
    if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
    return value.replace(/\/$/, '');
  };
  return {
    apiUrl: need('api-url'),
    apiKey: need('api-key'),
    adminUrls: { stripe: need('stripe-admin'), adyen: need('adyen-admin') },
  };
}
