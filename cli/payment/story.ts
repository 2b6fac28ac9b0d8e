import { styleText } from 'node:util';
import type { StoryMaterial } from '../../db/read/index.ts';
import { workflowIdOf } from '../../domain/ids.ts';
import { moneyOf } from '../../domain/money/words.ts';
import { paymentActions } from '../../domain/story/actions.ts';
import type { Severity, StoryEntry } from '../../domain/story/entry.ts';
import { headlineOf } from '../../domain/story/headline.ts';
import { assembleStory } from '../../domain/story/story.ts';

import { traceIdOf, traceUrlOf } from '../../domain/trace.ts';

/** The story that the console shows, as lines of a terminal: the short answer first, then what happened, oldest first. */
export interface StoryLook {
  /** What only who looks into the machinery needs. */
  readonly technical: boolean;
  readonly colour: boolean;
  readonly temporal: { readonly namespace: string; readonly uiUrl?: string };
  readonly traceUrl?: string;
}

const MARKS: Readonly<Record<Severity, string>> = { info: ' ', good: '✓', warning: '!', bad: '✗' };
const COLOURS = { info: 'reset', good: 'green', warning: 'yellow', bad: 'red' } as const;

export function renderStory(material: StoryMaterial, look: StoryLook, nowMs: number): string {
  const { payment, rows, people, balance, audit } = material;
  const context = { paymentId: payment.id, merchantId: payment.merchantId, status: payment.status, people };
  const headline = headlineOf({ payment, rows, context });
  const entries = assembleStory(rows, context);
  const shown = entries.filter(({ technical }) => look.technical || !technical);
  const paint = (tone: Severity, text: string) =>
    look.colour ? styleText(COLOURS[tone], text, { validateStream: false }) : text;
  const allowed = paymentActions(payment, balance, nowMs).filter((action) => action.allowed);
  const hidden = entries.length - shown.length;
  return [
    `${payment.id}  ${payment.status.toUpperCase()}  ${moneyOf(payment.amountMinor, payment.currency)}`,
    paint(headline.tone, plain(headline.text)),
    plain(headline.why),
    '',
    ...facts(material, look),
    '',
    ...shown.flatMap((entry, index) => entryLines(entry, shown[index - 1], paint)),
    ...(hidden === 0 ? [] : [`  (${hidden} technical entries are left out: --technical)`]),
    '',
    audit.checked
      ? audit.problems.length === 0
        ? '✓ the hash chain is whole'
        : audit.problems.map((problem) => `✗ ${problem}`).join('\n')
      : `the hash chain was not checked: ${audit.steps} steps and more`,
    allowed.length === 0
      ? 'Nothing can be done about it now.'
      : `You may: ${allowed.map(({ name, operation }) => (operation === undefined ? name : `${name} ${operation}`)).join(', ')} (./interlock operator)`,
  ].join('\n');
}

function facts(material: StoryMaterial, { temporal, traceUrl }: StoryLook): string[] {
  const { payment, siblings, cut } = material;
  const workflowId = workflowIdOf(payment.id, payment.generation);
  const trace = traceIdOf(payment.id);
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ['merchant', `${payment.merchantId} (${payment.mode})`],
    ['reference', payment.reference === undefined ? undefined : plain(payment.reference)],
    [
      'money',
      [
        `authorized ${moneyOf(payment.amountAuthorizedMinor, payment.currency)}`,
        `captured ${moneyOf(payment.amountCapturedMinor, payment.currency)}`,
        `refunded ${moneyOf(payment.amountRefundedMinor, payment.currency)}`,
      ].join(', '),
    ],
    ['workflow', workflowId],
    [
      'web UI',
      temporal.uiUrl === undefined
        ? undefined
        : `${temporal.uiUrl.replace(/\/$/, '')}/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${encodeURIComponent(workflowId)}`,
    ],
    ['trace', traceUrlOf(trace, traceUrl) ?? trace],
    [
      'same order',
      siblings.length === 0 ? undefined : siblings.map(({ id, status }) => `${id} (${status})`).join(', '),
    ],
    ['not all', cut.length === 0 ? undefined : `there are more rows of ${cut.join(', ')} than are told`],
  ];
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(11)} ${value}`]));
}

function entryLines(
  entry: StoryEntry,
  before: StoryEntry | undefined,
  paint: (tone: Severity, text: string) => string,
): string[] {
  const at = new Date(entry.atMs).toISOString();
  const isNewDay =
    before === undefined || at.slice(0, 10) !== new Date(before.atMs).toISOString().slice(0, 10);
  const mark = paint(entry.severity, MARKS[entry.severity]);
  const refund = entry.refundId === undefined ? '' : `  [${entry.refundId}]`;
  return [
    ...(isNewDay ? [at.slice(0, 10)] : []),
    `  ${at.slice(11, 23)} ${mark} ${plain(entry.title)}${refund}`,
  ];
}

/** What merchants and payers wrote must not move the cursor or colour the terminal. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�');
}
