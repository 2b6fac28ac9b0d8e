import { type Db, poolOf } from '../client.ts';
import { Prisma } from '../generated/client.ts';
import { query } from '../sql.ts';

/** One provider account's secrets by name. */
export type AccountSecrets = Readonly<Record<string, string>>;

/** What the vault gives back of a record. */
export interface OpenedSecrets {
  readonly values: AccountSecrets;
  /** Accepted beside the new one until then. */
  readonly previousWebhookSecret?: { readonly value: string; readonly untilMs: number };
}

/**
 * Every provider account's secrets as this process knows them: the file's, and over them, name by name, what was sealed
 * into Postgres through the console. Kept in memory, so no payment and no webhook waits for a question; a change is known
 * within two ticks.
 */
export interface ProviderSecretsBook {
  /**
   * The same object until something changes. Undefined: nothing is known, or what is sealed can't be opened here. Throws
   * `SecretsUnreadError` until Postgres has been read once: the file's alone may be what a rotation has ended.
   */
  of(accountId: string): AccountSecrets | undefined;
  /** Looks again, for whoever has just changed something or has met what it doesn't know. */
  refresh(): Promise<void>;
  stop(): void;
}

export interface ProviderSecretsOptions {
  readonly db: Db;
  /** By account: what INTERLOCK_PROVIDER_SECRETS_FILE holds. */
  readonly file: Readonly<Record<string, AccountSecrets>>;
  open(sealed: Uint8Array, accountId: string): OpenedSecrets;
  /** A look that failed and is tried again, or a record that can't be opened. */
  readonly onError: (error: unknown, accountId?: string) => void;
  readonly tickMs?: number;
  readonly now?: () => number;
}

export const SECRETS_TICK_MS = 1_000;
/** Whoever sends bad webhooks in numbers makes the book look so often at most. */
const LOOK_AGAIN_MS = 100;
const LOOK_TIMEOUT_MS = 5_000;

/** To be asked again: with the code of a connection that could not be made, by which it counts as Postgres being away. */
export class SecretsUnreadError extends Error {
  override readonly name = 'SecretsUnreadError';
  readonly code = '08001';

  constructor() {
    super("providers' secrets have not been read from Postgres yet");
  }
}

/** Has read everything once when Postgres is there. Where it is away the process starts all the same, and the ticks go on asking. */
export async function startProviderSecrets(options: ProviderSecretsOptions): Promise<ProviderSecretsBook> {
  const book = new Book(options);
  await book.begin();
  return book;
}

interface Known {
  readonly version: number;
  /** Undefined: it can't be opened. */
  readonly opened: OpenedSecrets | undefined;
}

interface Row {
  readonly account_id: string | null;
  readonly version: number;
  readonly sealed: Buffer;
  readonly horizon: string;
}

class Book implements ProviderSecretsBook {
  readonly #options: ProviderSecretsOptions;
  readonly #known = new Map<string, Known>();
  readonly #given = new Map<string, { readonly secrets: AccountSecrets; readonly untilMs: number }>();
  /** The oldest transaction that was under way at the last look: nothing before it can still appear. */
  #from = '0';
  #hasRead = false;
  #looking: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #lookedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProviderSecretsOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    await this.#tick();
    this.#timer = setInterval(() => void this.refresh(), this.#options.tickMs ?? SECRETS_TICK_MS);
    this.#timer.unref();
  }

  of(accountId: string): AccountSecrets | undefined {
    if (!this.#hasRead) throw new SecretsUnreadError();
    const nowMs = this.#now();
    const given = this.#given.get(accountId);
    if (given !== undefined && nowMs < given.untilMs) return given.secrets;
    const known = this.#known.get(accountId);
    if (known !== undefined && known.opened === undefined) return undefined;
    const { file } = this.#options;
    const fromFile = Object.hasOwn(file, accountId) ? file[accountId] : undefined;
    const merged = mergedSecrets(fromFile, known?.opened, nowMs);
    if (merged !== undefined) this.#given.set(accountId, merged);
    return merged?.secrets;
  }

  refresh(): Promise<void> {
    this.#next ??= this.#looking.then(async () => {
      await restUntil(this.#lookedAtMs + LOOK_AGAIN_MS);
      this.#next = undefined;
      await this.#tick();
    });
    return this.#next;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** What fails is tried again with the next one; payments go on with what was known before. */
  #tick(): Promise<void> {
    this.#looking = this.#looking.then(() =>
      this.#look().catch((error: unknown) => this.#options.onError(error)),
    );
    return this.#looking;
  }

  async #look(): Promise<void> {
    this.#lookedAtMs = performance.now();
    const rows = await query<Row>(
      poolOf(this.#options.db),
      Prisma.sql`
        SELECT s.account_id, s.version, s.sealed, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon
        FROM (SELECT 1) one LEFT JOIN provider_secret s ON s.changed_in >= ${this.#from}::bigint`,
      { timeoutMs: LOOK_TIMEOUT_MS },
    );
    for (const { account_id: accountId, version, sealed } of rows)
      if (accountId !== null) this.#learn(accountId, version, sealed);
    this.#from = rows[0]?.horizon ?? this.#from;
    this.#hasRead = true;
  }

  #learn(accountId: string, version: number, sealed: Buffer): void {
    const known = this.#known.get(accountId);
    // One that couldn't be opened may have been sealed anew meanwhile, under a key that is here.
    if (known?.version === version && known.opened !== undefined) return;
    this.#known.set(accountId, { version, opened: this.#open(sealed, accountId) });
    this.#given.delete(accountId);
  }

  #open(sealed: Buffer, accountId: string): OpenedSecrets | undefined {
    try {
      return this.#options.open(sealed, accountId);
    } catch (error) {
      this.#options.onError(error, accountId);
      return undefined;
    }
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/** A webhook secret that was replaced takes the file's own previous one with it: a rotation ends what came before. */
function mergedSecrets(
  file: AccountSecrets | undefined,
  sealed: OpenedSecrets | undefined,
  nowMs: number,
): { readonly secrets: AccountSecrets; readonly untilMs: number } | undefined {
  if (sealed === undefined)
    return file === undefined ? undefined : { secrets: file, untilMs: Number.POSITIVE_INFINITY };
  const { webhookSecretPrevious: _ended, ...stillGood } = file ?? {};
  const beneath = Object.hasOwn(sealed.values, 'webhookSecret') ? stillGood : file;
  const { previousWebhookSecret: previous } = sealed;
  const overlaps = previous !== undefined && nowMs < previous.untilMs;
  return {
    secrets: {
      ...beneath,
      ...sealed.values,
      ...(overlaps ? { webhookSecretPrevious: previous.value } : {}),
    },
    untilMs: overlaps ? previous.untilMs : Number.POSITIVE_INFINITY,
  };
}

async function restUntil(atMs: number): Promise<void> {
  const restMs = atMs - performance.now();
  if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
}
