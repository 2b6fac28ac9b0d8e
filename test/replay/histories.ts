/**
 * The recorded histories as files: encrypted with a key ring that lies beside them, so that a replay goes
 * through the codec as in production. What lives here: reading, re-encrypting, and what a history says of
 * itself. What may not: judging, which is the tests'.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { createPayloadCodec, type KeyRing } from '../../client/codec/index.ts';

export type Kind =
  | 'payment'
  | 'refund'
  | 'delivery'
  | 'challenge'
  | 'case'
  | 'reconciliation'
  | 'scheduledReconciliation'
  | 'backtest'
  | 'experiment'
  | 'rollup'
  | 'canary';

const folderOf = (kind: Kind) =>
  fileURLToPath(new URL(`../../workflows/${kind}/histories/`, import.meta.url));

/** One folder for each kind of workflow. */
export const HISTORIES: Readonly<Record<Kind, string>> = {
  payment: folderOf('payment'),
  refund: folderOf('refund'),
  delivery: folderOf('delivery'),
  challenge: folderOf('challenge'),
  case: folderOf('case'),
  reconciliation: folderOf('reconciliation'),
  scheduledReconciliation: `${folderOf('reconciliation')}scheduled/`,
  backtest: folderOf('backtest'),
  experiment: folderOf('experiment'),
  rollup: folderOf('rollup'),
  canary: folderOf('canary'),
};
export const KEYS_FILE = 'codec-keys.json';

/** A payload as Temporal's JSON has it: everything in base64. */
export interface PayloadJson {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

export interface RecordedHistory {
  readonly kind: Kind;
  /** The file's name without its ending: what the history shows. */
  readonly name: string;
  /** As Temporal's own tools write it, payloads encrypted. */
  readonly encoded: HistoryJson;
}

export interface HistoryJson {
  readonly events: readonly HistoryEvent[];
}

export interface HistoryEvent {
  readonly eventType: string;
  readonly [attributes: string]: unknown;
}

const keysSchema = z.object({ activeId: z.string(), keys: z.record(z.string(), z.string()) });

/** Guards nothing: made for these files, and public. The same ring lies beside every kind. */
export function historyKeys(kind: Kind = 'payment'): KeyRing {
  const { activeId, keys } = keysSchema.parse(
    JSON.parse(readFileSync(join(HISTORIES[kind], KEYS_FILE), 'utf8')),
  );
  const decoded = Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, 'base64')] as const);
  return { activeId, keys: Object.fromEntries(decoded) };
}

export function loadHistories(): readonly RecordedHistory[] {
  return (Object.keys(HISTORIES) as Kind[]).flatMap(historiesOf);
}

function historiesOf(kind: Kind): readonly RecordedHistory[] {
  return readdirSync(HISTORIES[kind])
    .filter((file) => file.endsWith('.json') && file !== KEYS_FILE)
    .sort()
    .map((file) => ({
      kind,
      name: file.slice(0, -'.json'.length),
      encoded: JSON.parse(readFileSync(join(HISTORIES[kind], file), 'utf8')) as HistoryJson,
    }));
}

/** A copy in which every payload has gone through `change`. */
export async function mapPayloads(
  value: unknown,
  change: (payload: PayloadJson) => Promise<unknown>,
): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((each) => mapPayloads(each, change)));
  if (typeof value !== 'object' || value === null) return value;
  if (isPayload(value)) return change(value);
  const entries = await Promise.all(
    Object.entries(value).map(async ([name, each]) => [name, await mapPayloads(each, change)] as const),
  );
  return Object.fromEntries(entries);
}

function isPayload(value: object): value is PayloadJson {
  const { metadata } = value as { metadata?: unknown };
  return typeof metadata === 'object' && metadata !== null && 'encoding' in metadata;
}

/** Under another key ring. What isn't encrypted (search attributes, the SDK's own notes) stays as it is. */
export async function reencrypted(history: HistoryJson, from: KeyRing, to: KeyRing): Promise<HistoryJson> {
  const [decoder, encoder] = [createPayloadCodec(from), createPayloadCodec(to)];
  return (await mapPayloads(history, async (json) => {
    const [plain] = await decoder.decode([toPayload(json)]);
    if (plain === undefined || isReadable(json)) return json;
    const [encrypted] = await encoder.encode([plain]);
    return encrypted === undefined ? json : toJson(encrypted);
  })) as HistoryJson;
}

function toPayload({ metadata = {}, data = '' }: PayloadJson): Payload {
  const fields = Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')] as const);
  return { metadata: Object.fromEntries(fields), data: Buffer.from(data, 'base64') };
}

function toJson({ metadata, data }: Payload): PayloadJson {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const fields = Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64(bytes)] as const);
  return { metadata: Object.fromEntries(fields), data: base64(data ?? new Uint8Array()) };
}

function isReadable(json: PayloadJson): boolean {
  return Buffer.from(json.metadata?.encoding ?? '', 'base64').toString() !== 'binary/encrypted';
}

/** Every payload decrypted and read as JSON, where it is JSON; else the text of its bytes. */
export async function decoded(history: HistoryJson, keys: KeyRing): Promise<HistoryJson> {
  const codec = createPayloadCodec(keys);
  return (await mapPayloads(history, (json) => readPayload(json, codec))) as HistoryJson;
}

async function readPayload(json: PayloadJson, codec: PayloadCodec): Promise<unknown> {
  const [plain] = await codec.decode([toPayload(json)]);
  const text = Buffer.from(plain?.data ?? new Uint8Array()).toString('utf8');
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** The attributes of an event, whichever kind it is. */
export function attributesOf(event: HistoryEvent): Readonly<Record<string, unknown>> {
  const name = Object.keys(event).find((key) => key.endsWith('EventAttributes'));
  return (name === undefined ? {} : event[name]) as Record<string, unknown>;
}

export function eventsOf(history: HistoryJson, type: string): readonly Readonly<Record<string, unknown>>[] {
  return history.events.filter(({ eventType }) => eventType === `EVENT_TYPE_${type}`).map(attributesOf);
}

/** The workflow's type, by which everything else in the history is to be read. */
export function kindOf(history: HistoryJson): string {
  const [started] = eventsOf(history, 'WORKFLOW_EXECUTION_STARTED');
  return z.object({ workflowType: z.object({ name: z.string() }) }).parse(started).workflowType.name;
}

/** How an endpoint stood when its last pass was over. */
function deliveryStatusOf(history: HistoryJson): { readonly status: string; readonly closed: boolean } {
  const report = eventsOf(history, 'ACTIVITY_TASK_COMPLETED')
    .map(({ result }) => payloadsOf(result)[0])
    .at(-1);
  const { pending, dead } = z.object({ pending: z.int(), dead: z.int() }).parse(report);
  if (pending > 0) return { status: 'retrying', closed: false };
  return { status: dead > 0 ? 'dead_letters' : 'idle', closed: false };
}

/**
 * What its payment told a challenge in the end, or how far it had come, in the words for authentications;
 * `unsettled` where nobody told it.
 */
function challengeStatusOf(history: HistoryJson): { readonly status: string; readonly closed: boolean } {
  const [completed] = eventsOf(history, 'WORKFLOW_EXECUTION_COMPLETED');
  if (completed !== undefined) {
    const result = z.object({ status: z.string().optional() }).parse(payloadsOf(completed.result)[0]);
    return { status: result.status ?? 'unsettled', closed: true };
  }
  const told = eventsOf(history, 'ACTIVITY_TASK_SCHEDULED').map(
    ({ input }) => z.object({ word: z.string() }).parse(payloadsOf(input)[0]).word,
  );
  if (told.includes('ended')) return { status: 'unknown', closed: false };
  const signals = eventsOf(history, 'WORKFLOW_EXECUTION_SIGNALED').map(({ signalName }) => signalName);
  return { status: signals.includes('returned') ? 'returned' : 'challenge_required', closed: false };
}

/**
 * Where the payment, refund, endpoint or case stood at the history's end: its workflow's result, or the attribute it last
 * showed. A refund that was refused when it was planned has no result at all.
 */
export function statusOf(history: HistoryJson): { readonly status: string; readonly closed: boolean } {
  if (kindOf(history) === 'challenge') return challengeStatusOf(history);
  if (eventsOf(history, 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW').length > 0)
    return { status: 'continued', closed: true };
  const [completed] = eventsOf(history, 'WORKFLOW_EXECUTION_COMPLETED');
  if (completed !== undefined) {
    const [result] = payloadsOf(completed.result);
    if (result === undefined || result === null) return { status: 'refused', closed: true };
    return { status: z.object({ status: z.string() }).parse(result).status, closed: true };
  }
  if (kindOf(history) === 'delivery') return deliveryStatusOf(history);
  if (kindOf(history) === 'rollup') return { status: 'resting', closed: false };
  if (kindOf(history) === 'reconciliation') return { status: 'file', closed: false };
  if (kindOf(history) === 'scheduledReconciliation') return { status: 'day', closed: false };
  const shown = [
    ...eventsOf(history, 'WORKFLOW_EXECUTION_STARTED'),
    ...eventsOf(history, 'UPSERT_WORKFLOW_SEARCH_ATTRIBUTES'),
  ].flatMap(({ searchAttributes }) => {
    const parsed = shownStatus.safeParse(searchAttributes);
    return parsed.success ? [parsed.data.indexedFields.InterlockStatus] : [];
  });
  return { status: [shown.at(-1) ?? 'none'].flat().join(), closed: false };
}

const shownStatus = z.object({
  indexedFields: z.object({ InterlockStatus: z.union([z.string(), z.array(z.string())]) }),
});

export function payloadsOf(value: unknown): readonly unknown[] {
  const parsed = z.object({ payloads: z.array(z.unknown()) }).safeParse(value);
  return parsed.success ? parsed.data.payloads : [];
}

/** What a local activity left in the history: its type, and what it answered. */
export function localActivities(
  history: HistoryJson,
): readonly { readonly type: string; readonly result: unknown }[] {
  return eventsOf(history, 'MARKER_RECORDED').flatMap((marker) => {
    const parsed = localActivityMarker.safeParse(marker);
    if (!parsed.success) return [];
    const { data, result } = parsed.data.details;
    return data.payloads.map(({ activity_type }) => ({ type: activity_type, result: result?.payloads[0] }));
  });
}

const localActivityMarker = z.object({
  markerName: z.literal('core_local_activity'),
  details: z.object({
    data: z.object({ payloads: z.array(z.object({ activity_type: z.string() })) }),
    result: z.object({ payloads: z.array(z.unknown()) }).optional(),
  }),
});
