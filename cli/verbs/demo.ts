import { parseArgs } from 'node:util';
import { ANSWERS, type Answer, runBrowserDemo } from '../demo/browser.ts';
import { createMerchant } from '../demo/merchant.ts';
import { startStack } from '../demo/own-stack.ts';
import { runDemo } from '../demo/run.ts';
import { connectSandboxes, type ProviderName } from '../demo/sandboxes.ts';
import { connectBooks } from '../demo/stage.ts';
import { renderTable } from '../demo/table.ts';
import { connectDesk } from '../operator/desk.ts';
import { readRunningStack } from '../stack/stack-file.ts';
import { UsageError, type Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'drive payments through the API and check them against the providers’ journals',
  usage: `Usage: ./interlock demo [--json] [--api-url URL --api-key KEY --operator-keys K1,K2
                         --stripe-admin URL --adyen-admin URL --checkout-admin URL]
       ./interlock demo --browser [--headless] [--answer approve|fail|cancel|leave]

Makes about 100 payments with the providers' published test cards: approvals, captures, voids, refunds, every
decline, 3DS in each outcome, failover, a reply dropped on each operation, repeats, and what two operators must
resolve. Each is compared with what it should come to and with the journals of the providers' sandboxes. At the end
all providers publish their settlement files, spoiled on purpose, and the day is reconciled with the bank's
statement. Exits 1 on any difference. Can be run again and again on the same data.

With --browser it makes one payment that needs a 3DS challenge, prints where its payer must go, opens it in a
Chromium where the machine has one and a display, and tells what came of it. Where no stack runs, it starts one
for itself. --headless lets nobody click: it presses what --answer says (approve, unless said otherwise).

Without options it finds the stack that ./interlock up runs. With them, all six are needed: the API, a
merchant's key, two operators' keys, and the sandboxes' admin servers.

  --json    end with a line of JSON: {"payments":N,"as_expected":N,"charged_twice":0,"lost":0,"refunds":N,"refunded_twice":0,"events":N,"events_delivered":N,
            "policy_effective_ms":N,"canary_decided":N,"shadow_differed":N,"days_closed":3,"breaks_planted":N,"breaks_found":N,"ledger_off":0}`,
  run,
};

export default verb;

interface Target {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly operatorKeys: { readonly alice: string; readonly bob: string };
  readonly adminUrls: Readonly<Record<ProviderName, string>>;
}

async function run(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      json: { type: 'boolean', default: false },
      'api-url': { type: 'string' },
      'api-key': { type: 'string' },
      'operator-keys': { type: 'string' },
      'stripe-admin': { type: 'string' },
      'adyen-admin': { type: 'string' },
      'checkout-admin': { type: 'string' },
      browser: { type: 'boolean', default: false },
      headless: { type: 'boolean', default: false },
      answer: { type: 'string' },
    },
  });
  const { json, browser, headless, answer, ...given } = values;
  if (browser) return clickThrough(given, headless ? answerOf(answer ?? 'approve') : undefined);
  if (headless || answer !== undefined) throw new UsageError('--headless and --answer belong to --browser');
  const target = Object.keys(given).length === 0 ? runningTarget() : givenTarget(given);
  const { apiUrl, apiKey, operatorKeys } = target;
  const result = await runDemo({
    merchant: createMerchant(apiUrl, apiKey),
    sandboxes: connectSandboxes(target.adminUrls),
    operators: { alice: connectDesk(apiUrl, operatorKeys.alice), bob: connectDesk(apiUrl, operatorKeys.bob) },
    books: connectBooks(apiUrl, operatorKeys.alice),
    routing: connectDesk(apiUrl, apiKey, ''),
  });
  console.log(renderTable(result));
  if (json) console.log(JSON.stringify(result.summary));
  const { payments, as_expected, charged_twice, lost, refunded_twice } = result.summary;
  const { days_closed, breaks_planted, breaks_found, ledger_off } = result.summary;
  const isRouted = result.routing.problems.length === 0;
  const isClosed = days_closed === result.days.length && breaks_found === breaks_planted && ledger_off === 0;
  const asPromised = as_expected === payments && result.unheard.length === 0 && isClosed && isRouted;
  return asPromised && charged_twice + lost + refunded_twice === 0 ? 0 : 1;
}

function answerOf(text: string): Answer {
  if (text === 'leave' || Object.hasOwn(ANSWERS, text)) return text as Answer;
  throw new UsageError(`--answer is ${Object.keys(ANSWERS).join(', ')} or leave, not ${text}`);
}

/** By a running stack, the API that is named, or a stack of its own, which a person has more time with. */
async function clickThrough(
  given: Partial<Record<string, string>>,
  headless: Answer | undefined,
): Promise<number> {
  const named = given['api-url'] === undefined ? undefined : needed(given);
  const running = named === undefined ? readRunningStack(process.env) : undefined;
  const own = named === undefined && running === undefined ? await startStack(process.env) : undefined;
  const target = named ?? running ?? own?.stack;
  if (target === undefined) throw new Error('the stack came up without its file');
  const timeScale = Number((running ?? own?.stack)?.env.INTERLOCK_TIME_SCALE);
  try {
    await runBrowserDemo({
      merchant: createMerchant(target.apiUrl, target.apiKey),
      env: process.env,
      ...(headless === undefined ? {} : { headless }),
      ...(Number.isFinite(timeScale) ? { timeScale } : {}),
      say: (line) => console.log(line),
    });
    return 0;
  } finally {
    await own?.stop();
  }
}

function needed(given: Partial<Record<string, string>>): Pick<Target, 'apiUrl' | 'apiKey'> {
  const { 'api-url': apiUrl, 'api-key': apiKey } = given;
  if (!apiUrl || !apiKey) throw new UsageError('--api-url and --api-key belong together');
  return { apiUrl: apiUrl.replace(/\/$/, ''), apiKey };
}

function runningTarget(): Target {
  const stack = readRunningStack(process.env);
  if (stack === undefined) {
    throw new UsageError('no stack is running here; start one with ./interlock up, or name one by options');
  }
  const { stripe, adyen, checkout } = stack.sandboxes;
  if (stripe === undefined || adyen === undefined || checkout === undefined) {
    throw new UsageError(
      'the demo breaks providers on purpose, so it needs the sandboxes of all; one is real here',
    );
  }
  const adminUrls = { stripe: stripe.adminUrl, adyen: adyen.adminUrl, checkout: checkout.adminUrl };
  const { apiUrl, apiKey, operatorKeys } = stack;
  return { apiUrl, apiKey, operatorKeys, adminUrls };
}

function givenTarget(given: Partial<Record<string, string>>): Target {
  const need = (name: string) => {
    const value = given[name];
    if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
    return value.replace(/\/$/, '');
  };
  const [alice, bob] = need('operator-keys').split(',');
  if (!alice || !bob) throw new UsageError('--operator-keys takes two keys, separated by a comma');
  return {
    apiUrl: need('api-url'),
    apiKey: need('api-key'),
    operatorKeys: { alice, bob },
    adminUrls: {
      stripe: need('stripe-admin'),
      adyen: need('adyen-admin'),
      checkout: need('checkout-admin'),
    },
  };
}
