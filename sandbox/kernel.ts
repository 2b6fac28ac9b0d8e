// State as an event-sourced store: a transaction collects journal lines, and applying them is the only way
// that anything changes. What has to happen later (timers, webhooks) is state too, so a killed process
// picks up exactly where its journal ends.
import type { Authentication } from './acs/emv.ts';
import type { Draft, Journal, JournalLine } from './journal.ts';

export interface Table<T> {
  name: string;
  /** Never set: it ties the row type to the table. */
  row?: T;
}

export function table<T>(name: string): Table<T> {
  return { name };
}

export interface Task {
  id: string;
  /** Epoch milliseconds. */
  dueAt: number;
  type: string;
  payload: Record<string, unknown>;
}

/** A webhook that no endpoint has accepted yet. */
export interface WebhookRow {
  id: string;
  createdAt: number;
  payload: unknown;
}

export interface Effect {
  effect: string;
  /** The merchant's reference of the payment. */
  reference: string | null;
  /** The merchant's reference of this operation, where the provider takes one. */
  operationReference?: string | null;
  providerReference: string;
  parentReference?: string;
  /** ISO 4217 minor units, whatever the provider's own convention on the wire. */
  amountMinor: number;
  currency: string;
  /** What 3DS came to, where it was tried. */
  authentication?: Partial<Authentication>;
}

export interface Origin {
  idempotencyKey: string | null;
  requestId: string | null;
}

const tasks = table<Task>('task');
const webhooks = table<WebhookRow>('webhook');

// setTimeout overflows past 2^31-1 ms: longer waits are slept in pieces.
const LONGEST_TIMEOUT_MS = 2_000_000_000;

export class Transaction {
  /** Whose doing this is: effects and events carry it. */
  origin: Origin;
  readonly drafts: Draft[] = [];
  readonly newTasks: Task[] = [];
  readonly newWebhooks: WebhookRow[] = [];
  readonly #store: Store;
  readonly #identity: { provider: string; account: string };
  readonly #written = new Map<string, unknown>();

  constructor(store: Store, identity: { provider: string; account: string }, origin: Origin) {
    this.#store = store;
    this.#identity = identity;
    this.origin = origin;
  }

  /** A private copy of a row, this transaction's own writes included. */
  get<T>(from: Table<T>, id: string): T | undefined {
    const slot = `${from.name}/${id}`;
    const row = this.#written.has(slot) ? (this.#written.get(slot) as T) : this.#store.get(from, id);
    return row === undefined || row === null ? undefined : structuredClone(row);
  }

  put<T>(to: Table<T>, id: string, value: T | null): void {
    const copy = structuredClone(value);
    this.#written.set(`${to.name}/${id}`, copy);
    this.drafts.push({ kind: 'state', table: to.name, id, value: copy });
  }

  effect(effect: Effect, idempotencyKey: string | null = this.origin.idempotencyKey): void {
    this.drafts.push({ kind: 'effect', ...this.#identity, ...effect, idempotencyKey });
  }

  schedule(task: Task): void {
    this.newTasks.push(task);
    this.put(tasks, task.id, task);
  }

  notify(row: WebhookRow): void {
    this.newWebhooks.push(row);
    this.put(webhooks, row.id, row);
  }
}

export class Store {
  readonly #tables = new Map<string, Map<string, unknown>>();
  readonly #listeners = new Map<string, ((id: string, value: unknown) => void)[]>();

  get<T>(from: Table<T>, id: string): T | undefined {
    return this.#tables.get(from.name)?.get(id) as T | undefined;
  }

  values<T>(from: Table<T>): T[] {
    return [...(this.#tables.get(from.name)?.values() ?? [])] as T[];
  }

  /** Keeps an index: called for every row written, also while the journal is read back. */
  onPut<T>(to: Table<T>, listener: (id: string, value: T) => void): void {
    const listeners = this.#listeners.get(to.name) ?? [];
    listeners.push((id, value) => listener(id, value as T));
    this.#listeners.set(to.name, listeners);
  }

  apply(name: string, id: string, value: unknown): void {
    const rows = this.#tables.get(name) ?? new Map<string, unknown>();
    this.#tables.set(name, rows);
    if (value === null) {
      rows.delete(id);
      return;
    }
    rows.set(id, value);
    for (const listener of this.#listeners.get(name) ?? []) listener(id, value);
  }

  clear(): void {
    this.#tables.clear();
  }
}

export interface KernelOptions {
  journal: Journal;
  provider: string;
  account: string;
  timeScale: number;
}

export class Kernel {
  readonly store = new Store();
  readonly journal: Journal;
  readonly timeScale: number;
  /** How long a modification takes to settle, and a webhook to leave. Milliseconds, never scaled. */
  settleDelayMs = 30;
  /** How long the issuer takes to report what the cardholder decided; the browser goes back at once. */
  challengeReportDelayMs = 0;
  /** Scales the issuer's own timers; people and browsers may need a slower pace than the rest. */
  challengeTimeScale: number;
  onTask: (task: Task, tx: Transaction) => void = () => {};
  onWebhook: (row: WebhookRow) => void = () => {};
  /** Arrivals and effects, oldest first. */
  #log: JournalLine[] = [];
  readonly #identity: { provider: string; account: string };
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;

  constructor(options: KernelOptions) {
    this.journal = options.journal;
    this.timeScale = options.timeScale;
    this.challengeTimeScale = options.timeScale;
    this.#identity = { provider: options.provider, account: options.account };
  }

  /** Applies what an earlier process journalled. Call before `start`. */
  restore(lines: readonly JournalLine[]): void {
    for (const line of lines) this.#applyLine(line);
  }

  /** Arms every timer and hands out every undelivered webhook. */
  start(): void {
    for (const task of this.store.values(tasks)) this.#arm(task);
    for (const row of this.store.values(webhooks)) this.onWebhook(row);
  }

  begin(origin: Origin = { idempotencyKey: null, requestId: null }): Transaction {
    return new Transaction(this.store, this.#identity, origin);
  }

  /** Makes a transaction visible at once; its timers and webhooks start when it is durable. */
  commit(tx: Transaction): void {
    if (tx.drafts.length === 0) return;
    for (const line of this.journal.append(tx.drafts)) this.#applyLine(line);
    this.journal.durable().then(
      () => {
        for (const task of tx.newTasks) this.#arm(task);
        for (const row of tx.newWebhooks) this.onWebhook(row);
      },
      // The journal refuses to answer from here on; each request says so itself.
      () => {},
    );
  }

  arrival(fields: Record<string, unknown>, extra: readonly Draft[] = []): void {
    const lines = this.journal.append([{ kind: 'arrival', ...this.#identity, ...fields }, ...extra], {
      lazy: true,
    });
    for (const line of lines) this.#applyLine(line);
  }

  /** Rows that nobody waits for, such as a webhook's delivery. */
  putLazily<T>(to: Table<T>, id: string, value: T | null): void {
    if (this.#closed) return;
    for (const line of this.journal.append([{ kind: 'state', table: to.name, id, value }], { lazy: true })) {
      this.#applyLine(line);
    }
  }

  webhookDone(row: WebhookRow): void {
    this.putLazily(webhooks, row.id, null);
  }

  log(since = 0): JournalLine[] {
    return since === 0 ? this.#log : this.#log.filter((line) => line.seq > since);
  }

  async reset(): Promise<void> {
    this.#clearTimers();
    await this.journal.reset();
    this.store.clear();
    this.#log = [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clearTimers();
    await this.journal.close();
  }

  #applyLine(line: JournalLine): void {
    if (line.kind === 'state') this.store.apply(String(line.table), String(line.id), line.value);
    else this.#log.push(line);
  }

  #arm(task: Task): void {
    if (this.#closed) return;
    const waitMs = Math.min(Math.max(task.dueAt - Date.now(), 0), LONGEST_TIMEOUT_MS);
    const timer = setTimeout(() => {
      if (Date.now() < task.dueAt) this.#arm(task);
      else this.#run(task);
    }, waitMs);
    this.#timers.set(task.id, timer);
  }

  #run(task: Task): void {
    this.#timers.delete(task.id);
    const tx = this.begin();
    this.onTask(task, tx);
    tx.put(tasks, task.id, null);
    this.commit(tx);
  }

  #clearTimers(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
