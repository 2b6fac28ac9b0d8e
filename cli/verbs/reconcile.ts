import { runReconcile } from '../reconcile/run.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'reconcile a day of a provider account, or read its report',
  usage: `Usage: ./interlock reconcile run --account A [--date D] [--file F --provider P] [--json]
       ./interlock reconcile report [--account A] [--date D] [--json]

  run      starts the day's workflow, or attaches to the one that runs; says what its steps say, and prints the
           report when the day is closed. A day may be run as often as you like: only what is new changes anything.
           Interrupting this command leaves the day running.
  report   the report of a day; without --date the account's latest, without --account a list of days

  --account A    a provider account, e.g. pa_demo_stripe
  --date D       the account's own day, YYYY-MM-DD (run: default the day that was over last there)
  --file F       first store this file for the day, as an upload does
  --provider P   whose layout it has: stripe, adyen, paypal, checkout, camt053, mt940, bai2
  --json         print the report as one line of JSON

Exits 1 where the day ends blocked: a file of it could not be booked. Uses DATABASE_URL, TEMPORAL_ADDRESS and the other settings of
the environment, or those of the stack that is running.

  ./interlock reconcile run --account pa_demo_stripe --date 2026-11-20`,
  run: (argv) =>
    runReconcile(argv, process.env, {
      out: (line) => console.log(line),
      err: (line) => console.error(line),
    }),
};

export default verb;
