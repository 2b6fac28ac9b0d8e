import { runRouting } from '../routing/run.ts';
import type { Verb } from '../verb.ts';

const TERMINAL = {
  out: (line: string) => console.log(line),
  err: (line: string) => console.error(line),
};

const verb: Verb = {
  summary: 'routing policies: check, save, try out, take into use, explain',
  usage: `Usage: ./interlock routing <command> [options]

  validate FILE                 what is wrong with a policy, offline; with --online against your accounts
       [--accounts stripe,pa_eu:adyen] [--online]
  save FILE --reason R          as a new version, which decides nothing yet; --draft keeps what does not fit yet
  list [--status S] [--limit N] [--after V]
  show [V|active]               a version as it was written, and who moved it why
  check V --reason R            hold a draft against your accounts
  shadow V --reason R           evaluate it beside the active one
  canary V --percent N --reason R
  promote V --reason R          it decides; with two-person approval, it is proposed
  withdraw V --reason R         end a shadow or canary
  archive V --reason R
  approve V --to active --reason R, approve V --to canary|experiment --percent N --reason R
                                what somebody else proposed, as you read it; with --as an operator does [--merchant M] [--mode live]
  reject V --reason R           put a proposal away; with --as too
  rollback [V] --reason R       bring back what was active before
  compare V                     how often it chose otherwise than another
  simulate --amount N --currency C [--country US] [--issuer US] [--brand visa] [--funding debit] [--bin 424242]
       [--channel web] [--risk elevated] [--risk-score N] [--off-session] [--recurring] [--metadata k=v]...
       [--at ISO] [--draw N] [--version V | --file FILE]
                                how such a payment would be routed now, and why
  explain <pay_...>             why a payment went where it went, evaluated again from its stored inputs
  health                        each account's circuit, weight and success
  catalogue                     what each account can take
  year [--payments 1000000] [--seed 1] [--plot FILE]
                                a simulated year: fixed order, success- and cost-aware routing, and who knows the true rates
  backtest, experiment          a policy against your own past, or against another one: routing backtest help

  --key K        the command's Idempotency-Key (default: a new one); the same key repeats the same command
  --as NAME      alice or bob, the operators of the stack that ./interlock up runs here
  --api-url URL  the API (default: INTERLOCK_API_URL, else the running stack's)
  --json         print the API's answer as one line of JSON

Goes through the API under INTERLOCK_API_KEY, or the demo key of the stack that runs here. Exits 1 where a command is refused, a
policy is not valid, or a decision evaluated again is another one. docs/routing.md has the language.

  ./interlock routing simulate --amount 125000 --currency EUR --country DE`,
  run: async (argv) => {
    const [what, ...rest] = argv;
    if (what === 'year') return (await import('../routing/year/run.ts')).runYear(rest, TERMINAL);
    if (what === 'backtest') return (await import('../routing/backtest.ts')).runBacktest(rest, TERMINAL);
    if (what === 'experiment')
      return (await import('../routing/experiment.ts')).runExperiment(rest, TERMINAL);
    return runRouting(argv, process.env, TERMINAL);
  },
};

export default verb;
