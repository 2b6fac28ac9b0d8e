/**
 * The demo: payments with published test cards through the public API, each compared with what it should
 * come to and with the providers' own journals. What lives here: order and waiting. What may not: anything
 * that a merchant couldn't do, but for breaking the sandboxes and reading their journals.
 */
import { CARD_SCENARIOS, type CardScenario, type Command } from './card-scenarios.ts';
import { CHALLENGE_SCENARIOS, keptCard, tryChallenge } from './challenge-scenarios.ts';
import { type ClosedDay, closeDays } from './day.ts';
import { FAULT_SCENARIOS } from './fault-scenarios.ts';
import { differences, judgeByJournals, judgeRefunds } from './judge.ts';
import { startListener } from './listener.ts';
import { eventually, type Merchant, type PublicRefund } from './merchant.ts';
import { payInsistently } from './pay.ts';
import { REFUND_SCENARIOS } from './refund-scenarios.ts';
import { type RoutingShown, showRouting } from './routing.ts';
import type { Stage } from './stage.ts';
import { PATIENCE_MS, settled, shown, type Tried } from './tried.ts';

export interface Row extends Tried {
  readonly ok: boolean;
  readonly refunds: readonly PublicRefund[];
}

export interface Summary {
  readonly payments: number;
  readonly as_expected: number;
  readonly charged_twice: number;
  /** Of charges and of refunds. */
  readonly lost: number;
  readonly refunds: number;
  readonly refunded_twice: number;
  /** Written of these payments, and taken by the merchant's endpoint in their order. */
  readonly events: number;
  readonly events_delivered: number;
  /** From a policy's promotion until a payment was decided by it; payments that its canary decided; that its shadow would have sent elsewhere. */
  readonly policy_effective_ms: number;
  readonly canary_decided: number;
  readonly shadow_differed: number;
  /** Days that were reconciled, and breaks that were planted in their files and found. */
  readonly days_closed: number;
  readonly breaks_planted: number;
  readonly breaks_found: number;
  /** Figures in which the ledger, the bank and the providers' books differ. */
  readonly ledger_off: number;
}

export interface DemoResult {
  readonly rows: readonly Row[];
  /** How the day was closed at each provider. */
  readonly days: readonly ClosedDay[];
  /** How a policy was changed while payments came in. */
  readonly routing: RoutingShown;
  /** What was not as promised of the webhooks that the merchant heard. */
  readonly unheard: readonly string[];
  readonly summary: Summary;
}

interface Judged {
  readonly rows: readonly Row[];
  readonly summary: Pick<
    Summary,
    'payments' | 'as_expected' | 'charged_twice' | 'lost' | 'refunds' | 'refunded_twice'
  >;
}

/** Merchants come several at once. */
const CONCURRENCY = 5;
/** Most of them only wait for a payer. */
const CHALLENGED_AT_ONCE = 4;

export async function runDemo(stage: Stage): Promise<DemoResult> {
  const { merchant, sandboxes } = stage;
  const tried: Tried[] = [];
  await sandboxes.clearFaults();
  const listener = await startListener(merchant);
  try {
    // A payer who never comes is waited for longest, so these begin first, and go on beside the others.
    const challenges = Promise.all([
      inParallel(CHALLENGE_SCENARIOS, (scenario) => tryChallenge(merchant, scenario), CHALLENGED_AT_ONCE),
      keptCard(merchant),
    ]);
    const cards = inParallel(CARD_SCENARIOS, (scenario) => tryCard(merchant, scenario));
    tried.push(...(await Promise.all([cards, challenges])).flat(2));
    tried.push(...(await inParallel(REFUND_SCENARIOS, (scenario) => scenario(merchant))));
    // One after another: a fault strikes whoever comes by.
    for (const scenario of FAULT_SCENARIOS) {
      try {
        tried.push(...(await scenario(stage)));
      } finally {
        await sandboxes.clearFaults();
      }
    }
    await sandboxes.clearFaults();
    const routing = await showRouting(stage);
    tried.push(...routing.tried);
    const judged = await judge(tried, stage);
    const heard = await listener.heard(judged.rows.map(({ payment }) => payment.id));
    const { events, delivered: events_delivered } = heard;
    const days = await closeDays(stage);
    return {
      rows: judged.rows,
      unheard: heard.problems,
      days,
      routing,
      summary: { ...judged.summary, events, events_delivered, ...routingOf(routing), ...summaryOf(days) },
    };
  } finally {
    await sandboxes.clearFaults();
    await listener.close();
  }
}

function routingOf({ effectiveAfterMs, canary, shadow }: RoutingShown) {
  return {
    policy_effective_ms: Math.round(effectiveAfterMs),
    canary_decided: canary.decided,
    shadow_differed: shadow.differed,
  };
}

function summaryOf(days: readonly ClosedDay[]) {
  const planted = days.flatMap((day) => [...day.planted]);
  const found = days.flatMap(({ report, planted: each }) =>
    [...each].map(([type, count]) =>
      Math.min(count, report.breaks.find((one) => one.type === type)?.found ?? 0),
    ),
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  return {
    days_closed: days.filter(({ report }) => report.status === 'closed').length,
    breaks_planted: sum(planted.map(([, count]) => count)),
    breaks_found: sum(found),
    ledger_off: sum(days.map(({ off }) => off.length)),
  };
}

/** Judged at the very end, so that a second charge or refund that came late is seen too. */
async function judge(tried: readonly Tried[], { merchant, sandboxes }: Stage): Promise<Judged> {
  const effects = await sandboxes.effects();
  const judged = await Promise.all(
    tried.map(async (each) => {
      const { id } = each.payment;
      const [payment, refunds] = await Promise.all([merchant.payment(id), merchant.refunds(id)]);
      const charge = judgeByJournals(payment, effects);
      const given = judgeRefunds(payment, refunds, effects);
      const differing = differences(payment, refunds, each.expected);
      const problems = [...each.problems, ...differing, ...charge.problems, ...given.problems];
      return { charge, given, row: { ...each, payment, refunds, problems, ok: problems.length === 0 } };
    }),
  );
  const count = (is: (each: (typeof judged)[number]) => boolean) => judged.filter(is).length;
  return {
    rows: judged.map(({ row }) => row),
    summary: {
      payments: judged.length,
      as_expected: count(({ row }) => row.ok),
      charged_twice: count(({ charge }) => charge.chargedTwice),
      lost: count(({ charge, given }) => charge.lost || given.lost),
      refunds: judged.reduce((sum, { row }) => sum + row.refunds.length, 0),
      refunded_twice: judged.reduce((sum, { given }) => sum + given.refundedTwice, 0),
    },
  };
}

async function tryCard(merchant: Merchant, scenario: CardScenario): Promise<Tried> {
  const { name, card, body, commands = [], expected } = scenario;
  const startedMs = performance.now();
  const method = await merchant.card(card);
  const first = await payInsistently(merchant, { ...body, payment_method: method });
  const problems: string[] = [];
  let payment = shown(first.payment, name, first.errorCode);
  for (const command of commands) {
    payment = await eventually(
      () => merchant.payment(payment.id),
      ({ status }) => status === waitsFor(command),
      PATIENCE_MS,
    );
    const { verb, ...arguments_ } = command;
    const answer = await merchant.command(payment.id, verb, arguments_);
    if (answer.errorCode !== undefined) problems.push(`${verb} was refused: ${answer.errorCode}`);
    payment = answer.payment ?? payment;
  }
  payment = await settled(merchant, payment, expected.status);
  return { name, expected, payment, problems, elapsedMs: performance.now() - startedMs };
}

/** The status in which a command is accepted; a second capture follows a first one. */
function waitsFor(command: Command): string {
  if (command.verb === 'confirm') return 'requires_confirmation';
  const second = command.verb === 'capture' && command.amount === undefined;
  return second ? 'partially_captured' : 'requires_capture';
}

async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce = CONCURRENCY,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const queue = items.entries();
  const drain = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, drain));
  return results;
}
