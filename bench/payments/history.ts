import { setTimeout as delay } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { paymentWorkflowId } from '../../domain/ids.ts';
import { untilQuiet } from '../lib/processes.ts';
import { type Figure, table } from '../lib/report.ts';
import type { SuiteContext } from '../lib/suite.ts';
import { type Merchant, SALE, simulatorAdmin } from './merchant.ts';
import type { BenchStack } from './stack.ts';

/** What Temporal keeps of one payment: events, and bytes as they are stored, encrypted payloads and all. */
interface HistorySize {
  readonly events: number;
  readonly bytes: number;
  /** Workflows that the payment has had: later ones were opened by late news. */
  readonly generations: number;
}

const EVENTS_GOAL = { is: '<=', bound: 20 } as const;
const BYTES_GOAL = { is: '<=', bound: 16_384 } as const;
const CLOSE_TIMEOUT_MS = 60_000;
const ADYEN_CARD = '4111111111111111';
const REPEATS = 5;

interface HistoryParts {
  readonly context: SuiteContext;
  readonly stack: BenchStack;
  readonly merchant: Merchant;
  readonly client: Client;
}

/** The largest of a few of each kind: a webhook may or may not find the workflow still open. */
export async function measureHistories(parts: HistoryParts): Promise<readonly Figure[]> {
  const { context, stack, merchant } = parts;
  const admin = (method: 'POST' | 'DELETE', path: string, body?: unknown) =>
    simulatorAdmin(stack.adminUrls.stripe, method, path, body);
  return context.progress.step('histories', async () => {
    await admin('POST', '/webhooks', { mode: 'normal' });
    const sale = await largest(parts, REPEATS, async () => merchant.sale(await merchant.card()));
    const adyen = await largest(parts, REPEATS, async () => {
      const method = await merchant.card(ADYEN_CARD);
      return (await merchant.pay({ amount: 1250, currency: 'EUR', payment_method: method })).id;
    });
    await admin('POST', '/faults', { operation: 'any', mode: 'refuse' });
    try {
      const failover = await largest(parts, 1, async () => {
        const method = await merchant.card(ADYEN_CARD);
        return (await merchant.pay({ ...SALE, payment_method: method })).id;
      });
      return report(context, { sale, adyen, failover });
    } finally {
      await admin('DELETE', '/faults');
    }
  });
}

async function largest(
  { client, merchant, stack }: HistoryParts,
  repeats: number,
  pay: () => Promise<string>,
): Promise<HistorySize> {
  const sizes: Omit<HistorySize, 'generations'>[] = [];
  const ids: string[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const id = await pay();
    ids.push(id);
    const handle = client.workflow.getHandle(paymentWorkflowId(id, 1));
    const deadline = performance.now() + CLOSE_TIMEOUT_MS;
    while ((await handle.describe()).status.name === 'RUNNING') {
      if (performance.now() > deadline)
        throw new Error(`${id} is still open at ${stack.config.temporal.address}`);
      await delay(50);
    }
    const status = await merchant.status(id);
    if (status !== 'succeeded') throw new Error(`${id} ended ${status}, so its history isn't the one meant`);
    const history = await handle.fetchHistory();
    sizes.push({
      events: history.events?.length ?? 0,
      bytes: proto.temporal.api.history.v1.History.encode(history).finish().length,
    });
  }
  // Webhooks arrive after the answer, and what they start is visible a little later.
  await untilQuiet(stack.pids);
  const generations = await Promise.all(ids.map((id) => generationsOf(client, id)));
  return {
    generations: Math.max(...generations),
    events: Math.max(...sizes.map(({ events }) => events)),
    bytes: Math.max(...sizes.map(({ bytes }) => bytes)),
  };
}

async function generationsOf(client: Client, paymentId: string): Promise<number> {
  for (let generation = 1; ; generation += 1) {
    try {
      await client.workflow.getHandle(paymentWorkflowId(paymentId, generation + 1)).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return generation;
      throw error;
    }
  }
}

/** The goal is for a payment as most are; the longer ways are shown beside it. */
function report(
  context: SuiteContext,
  sizes: Readonly<Record<'sale' | 'adyen' | 'failover', HistorySize>>,
): readonly Figure[] {
  const kinds = [
    ['sale', 'sale on Stripe', sizes.sale],
    ['adyen', 'authorization and capture on Adyen', sizes.adyen],
    ['failover', 'failover from Stripe to Adyen', sizes.failover],
  ] as const;
  const rows = kinds.map(([, text, { events, bytes, generations }]) => [
    text,
    String(events),
    String(bytes),
    String(generations),
  ]);
  context.print(`history of one payment\n${table(['', 'events', 'bytes', 'generations'], rows)}`);
  return kinds.flatMap(([key, text, { events, bytes, generations }]) => {
    const goals = key === 'sale' ? [{ goal: EVENTS_GOAL }, { goal: BYTES_GOAL }] : [{}, {}];
    return [
      { name: `history_${key}_events`, text: `history, ${text}: events`, value: events, ...goals[0] },
      { name: `history_${key}_bytes`, text: `history, ${text}: bytes`, value: bytes, ...goals[1] },
      { name: `history_${key}_generations`, text: `history, ${text}: generations`, value: generations },
    ];
  });
}
