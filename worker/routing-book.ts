import { readCircuits } from '../db/circuits.ts';
import type { Db } from '../db/client.ts';
import {
  type ChangedMerchant,
  countComparisons,
  flushWindows,
  forgetWindows,
  loadMerchantRouting,
  type RoutingCursor,
  readWindows,
  routingChanges,
  storeCatalogue,
} from '../db/routing/index.ts';
import type { Mode } from '../domain/ids.ts';
import { assembleRouting, candidatesOf } from '../domain/routing/assemble.ts';
import type { Circuit, MerchantRouting, PolicyComparison, RoutingBook } from '../domain/routing/book.ts';
import type { CandidateInputs } from '../domain/routing/decision.ts';
import type { RoutingFacts } from '../domain/routing/facts.ts';
import { createWindows, DEFAULT_WINDOWS, type Observation } from '../domain/routing/learning/index.ts';
import { providerByName } from '../providers/registry.ts';
import { WindowReader } from './window-reader.ts';

/**
 * What this worker knows to route by. A merchant is read when its first payment comes and kept until somebody changes
 * something that it rests on; what was observed goes to Postgres, and what all have observed comes from there, once a
 * tick. So a change is known to every worker within two ticks, and a decision waits for nobody.
 */
export interface RunningRoutingBook extends RoutingBook {
  /** One tick now, for whoever can't wait for the next. */
  refresh(): Promise<void>;
  /** Writes what it has not written yet, and stops. */
  stop(): Promise<void>;
}

export interface RoutingBookOptions {
  readonly db: Db;
  /** A step that failed and is tried again, or something that had to be left out: to be logged. */
  readonly onError: (error: unknown) => void;
  readonly tickMs?: number;
  readonly now?: () => number;
}

export const TICK_MS = 1_000;
const FORGET_EVERY_MS = 3_600_000;
/** Shadows are for counting: what Postgres can't take for so long is dropped before it fills the memory. */
const COMPARISONS_AT_MOST = 10_000;

const WELL: Circuit = { state: 'closed', probeDue: false };

export function startRoutingBook(options: RoutingBookOptions): RunningRoutingBook {
  return new Book(options);
}

type Loading = Promise<MerchantRouting | undefined>;

class Book implements RunningRoutingBook {
  readonly #options: RoutingBookOptions;
  readonly #groups = new Map<string, string>();
  readonly #windows = createWindows({ groupOf: (accountId) => this.#groups.get(accountId) ?? accountId });
  readonly #snapshots = new Map<string, Loading>();
  readonly #catalogues = new Set<string>();
  readonly #reader: WindowReader;
  #circuits: ReadonlyMap<string, Circuit> = new Map();
  #comparisons: PolicyComparison[] = [];
  #cursor: RoutingCursor | undefined;
  #forgottenAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void>;
  /** What a payment waits for when this worker has just started: two small questions. */
  #looked: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: RoutingBookOptions) {
    this.#options = options;
    this.#reader = new WindowReader(
      (question) => readWindows(options.db, question),
      (rows) => this.#windows.merge(rows),
    );
    this.#ticking = this.#tick();
    this.#schedule();
  }

  async snapshot(merchantId: string, mode: Mode): Loading {
    // Nothing is kept before it is known from where on changes are told.
    if (this.#cursor === undefined) await this.#looked;
    const key = keyOf({ merchantId, mode });
    const known = this.#snapshots.get(key);
    return known ?? this.#keep(key, merchantId, mode);
  }

  candidates(routing: MerchantRouting, facts: RoutingFacts): readonly CandidateInputs[] {
    const circuitOf = (accountId: string) => this.circuitOf(accountId).state;
    return candidatesOf(routing, facts, { windows: this.#windows, circuitOf }, this.#now());
  }

  circuitOf(accountId: string): Circuit {
    return this.#circuits.get(accountId) ?? WELL;
  }

  observed(observation: Observation): void {
    this.#windows.add(observation);
  }

  compared(comparison: PolicyComparison): void {
    if (this.#comparisons.length < COMPARISONS_AT_MOST) this.#comparisons.push(comparison);
  }

  circuitTouched(): Promise<void> {
    return this.#attempt(() => this.#readCircuits());
  }

  refresh(): Promise<void> {
    this.#ticking = this.#ticking.then(() => this.#tick());
    return this.#ticking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.refresh();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.refresh().then(() => this.#schedule());
    }, this.#options.tickMs ?? TICK_MS);
    this.#timer.unref();
  }

  /** What fails is tried again with the next one; a payment is routed by what was known before. */
  async #tick(): Promise<void> {
    this.#looked = Promise.all([
      this.#attempt(() => this.#followChanges()),
      this.#attempt(() => this.#readCircuits()),
    ]);
    await this.#looked;
    await this.#attempt(() => this.#shareWindows());
    await this.#attempt(() => this.#flushComparisons());
    await this.#attempt(() => this.#forget());
  }

  async #attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#options.onError(error);
    }
  }

  async #followChanges(): Promise<void> {
    const { cursor, changed } = await routingChanges(this.#options.db, this.#cursor);
    // What was read while nobody could say what changes may be old already.
    if (this.#cursor === undefined) this.#snapshots.clear();
    this.#cursor = cursor;
    for (const key of this.#concerned(changed)) this.#snapshots.delete(key);
  }

  #concerned(changed: readonly ChangedMerchant[]): readonly string[] {
    const platforms = new Set<string>(changed.filter(isPlatform).map(({ mode }) => mode));
    const own = new Set(changed.map(keyOf));
    return [...this.#snapshots.keys()].filter((key) => own.has(key) || platforms.has(modeOf(key)));
  }

  #keep(key: string, merchantId: string, mode: Mode): Loading {
    const loading = this.#load(merchantId, mode);
    this.#snapshots.set(key, loading);
    // A merchant that couldn't be read, or isn't there yet, is looked for again.
    const forget = () => {
      if (this.#snapshots.get(key) === loading) this.#snapshots.delete(key);
    };
    void loading.then((routing) => (routing === undefined ? forget() : undefined), forget);
    return loading;
  }

  async #load(merchantId: string, mode: Mode): Loading {
    const { db } = this.#options;
    const stored = await loadMerchantRouting(db, merchantId, mode);
    if (stored === undefined) return undefined;
    const routing = this.#telling(asShipped(assembleRouting(stored)));
    this.#group(routing);
    const { catalogueId, catalogue } = routing;
    // Before the first payment that names it.
    if (!this.#catalogues.has(catalogueId)) await storeCatalogue(db, catalogueId, catalogue);
    this.#catalogues.add(catalogueId);
    return routing;
  }

  /** Accounts that nobody knew the owner of were each a group of its own until now. */
  #group(routing: MerchantRouting): void {
    const group = keyOf(routing);
    const others = routing.accounts.filter(({ id }) => this.#groups.get(id) !== group);
    for (const { id } of others) this.#groups.set(id, group);
    if (others.length > 0) this.#windows.regroup();
  }

  /** A snapshot is read once a change: what is wrong with it is said once a change too. */
  #telling(routing: MerchantRouting): MerchantRouting {
    const told = new Set<number>();
    const tell = (what: string, version: number, cause: unknown) =>
      this.#options.onError(new Error(`policy ${version} of ${keyOf(routing)}: ${what}`, { cause }));
    for (const { role, version, error } of routing.leftOut ?? [])
      tell(`the ${role} can’t be read and is left out`, version, error);
    const failed = (version: number, error: unknown) => {
      if (told.has(version)) return;
      told.add(version);
      tell('it can’t be evaluated, and payments go on without it', version, error);
    };
    return { ...routing, failed };
  }

  async #readCircuits(): Promise<void> {
    this.#circuits = await readCircuits(this.#options.db);
  }

  async #shareWindows(): Promise<void> {
    const { db } = this.#options;
    const deltas = this.#windows.takeDeltas();
    try {
      await flushWindows(db, deltas);
    } catch (error) {
      this.#windows.giveBack();
      throw error;
    }
    await this.#reader.read(this.#now());
  }

  async #flushComparisons(): Promise<void> {
    if (this.#comparisons.length === 0) return;
    const taken = this.#comparisons;
    this.#comparisons = [];
    try {
      await countComparisons(this.#options.db, taken);
    } catch (error) {
      if (isRefusal(error))
        throw new Error(`${taken.length} comparisons are refused by the database and dropped`, {
          cause: error,
        });
      this.#comparisons = [...taken, ...this.#comparisons].slice(0, COMPARISONS_AT_MOST);
      throw error;
    }
  }

  async #forget(): Promise<void> {
    const nowMs = this.#now();
    if (nowMs - this.#forgottenAtMs < FORGET_EVERY_MS) return;
    this.#forgottenAtMs = nowMs;
    await forgetWindows(this.#options.db, nowMs - DEFAULT_WINDOWS.windowMs);
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/** Accounts whose adapter ships, with the version of it that does: the catalogue's active one where that is among them. */
function asShipped(routing: MerchantRouting): MerchantRouting {
  const accounts = routing.accounts.flatMap((account) => {
    const adapter = providerByName(account.provider, account.connectorVersion);
    return adapter === undefined ? [] : [{ ...account, connectorVersion: adapter.connectorVersion }];
  });
  return { ...routing, accounts };
}

/** It broke a constraint, or is no value of its column: the same rows would be refused for ever. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^2[23]/.test(String(error.code));
}

function keyOf({ merchantId, mode }: { readonly merchantId: string; readonly mode: Mode }): string {
  return `${mode} ${merchantId}`;
}

function modeOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

function isPlatform({ merchantId }: ChangedMerchant): boolean {
  return merchantId === '*';
}
