import { runEntry } from '../run-child.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'break everything at once, and check that no charge was doubled or lost',
  usage: `Usage: ./interlock storm [--payments N] [--seed S] [--faults KINDS] [--json]
       ./interlock storm --sabotage all|NAME[,NAME] [--json]

Brings up a whole Interlock of its own (Postgres, Temporal, two APIs, two workers, the simulators, a proxy on
every link, a merchant's server with three webhook endpoints), lets a merchant and payers do business with it,
and meanwhile kills, freezes, disconnects and misleads it. When everything is healed and at rest, a checker
judges from outside, by the simulators' journals, the merchant's logs, the API and the rows, whether the
invariants I1 to I10 held, and S1 to S7 beside them (secrets, webhooks in, challenges, webhooks out). Nothing is
left behind unless one was broken; then the evidence is kept and the command that repeats the storm is printed.

  --payments N     payments to be made (300; about two minutes on two cores)
  --seed S         what is done and when; another storm for every seed (any)
  --faults KINDS   of kill, freeze, net, provider, webhook, clock, reset, endpoint, with commas; "none" for a
                   fair day
  --proxy own      network faults by the storm's own proxy rather than by toxiproxy
  --time-scale X   how providers' waits are scaled (0.005)
  --sabotage all   instead: builds broken on purpose, each of which the checker must catch
  --keep           keep the evidence even if nothing was broken
  --json           one line on standard output; the table goes to standard error, as progress always does

The last line is {"seed":S,"payments":N,"faults":{kind:count},"violations":{"I1":0,...,"S7":0},
"alarms":{"fired":{...},"unexplained":[...],"missing":[...]},...}. Exits 1 if an invariant was broken, if an alarm
fired that no fault explains, or if one did not that had to. The same seed plans the same storm; what it meets differs from run to run.`,
  run: (argv) => runEntry('test/storm/main.ts', argv),
};

export default verb;
