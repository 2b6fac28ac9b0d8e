import type { RateLimit } from '../../domain/rate-limits.ts';

/** The count that all API processes share (db/limits). */
export interface PointStore {
  take(key: string, points: number, windowSeconds: number): Promise<{ consumed: number; endsInMs: number }>;
}

export interface Verdict {
  readonly isAdmitted: boolean;
  readonly limit: RateLimit;
  /** What is left of the window, as far as this process knows. */
  readonly remaining: number;
  readonly resetMs: number;
}

/** What a process takes at a time: a twentieth of the window, which it may be off by at its end. */
const PORTION = 20;

/**
 * One key's window as one process sees it. Points come from the shared count in portions, ahead of their use, and a
 * portion may be used before the answer is there: so a request waits for Postgres only where it is the one that would pass
 * beyond that, and a key whose window is used up costs no question at all. The processes together admit what the window
 * holds, and at most a portion each beyond.
 */
export class Lease {
  readonly #key: string;
  readonly #store: PointStore;
  readonly #clock: () => number;
  #limit: RateLimit;
  /** Taken from the count, and not used. */
  #left = 0;
  /** Used, and not yet asked for. */
  #owed = 0;
  /** Used, asked for, and not yet answered. */
  #debt = 0;
  /** Asked for ahead of its use, and not yet answered. */
  #coming = 0;
  /** What nobody has taken, as far as this process knows. */
  #unused: number;
  /** Asked for here in this window. A count that knows of less has lost some, or is not the shared one. */
  #asked = 0;
  #endsAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(key: string, limit: RateLimit, store: PointStore, clock: () => number) {
    this.#key = key;
    this.#limit = limit;
    this.#unused = limit.requests;
    this.#store = store;
    this.#clock = clock;
  }

  /** Nothing of it is worth keeping. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#endsAtMs && this.#asking === undefined;
  }

  /** Its limit may be changed while it is open. */
  under(limit: RateLimit): this {
    this.#limit = limit;
    return this;
  }

  take(): Verdict | Promise<Verdict> {
    const nowMs = this.#clock();
    if (nowMs >= this.#endsAtMs) this.#begin(nowMs);
    if (this.#left > 0) {
      this.#left -= 1;
      if (2 * this.#left < this.#portion() && this.#unused > 0) this.#ask();
      return this.#verdict(true, nowMs);
    }
    if (this.#owed < Math.min(this.#portion() - this.#debt, this.#unused)) {
      this.#owed += 1;
      this.#ask();
      return this.#verdict(true, nowMs);
    }
    if (this.#asking === undefined && this.#unused <= this.#owed) return this.#verdict(false, nowMs);
    return this.#ask().then(() => this.take());
  }

  /** What was taken here was not used, because it was refused elsewhere. */
  giveBack(): void {
    this.#left += 1;
  }

  #portion(): number {
    return Math.max(1, Math.floor(this.#limit.requests / PORTION));
  }

  /** Its end is a guess until the count has answered. */
  #begin(nowMs: number): void {
    this.#left = 0;
    this.#owed = 0;
    this.#asked = 0;
    this.#unused = this.#limit.requests;
    this.#endsAtMs = nowMs + 1_000 * this.#limit.seconds;
  }

  #verdict(isAdmitted: boolean, nowMs: number): Verdict {
    const remaining = Math.max(0, this.#unused + this.#left + this.#coming - this.#owed);
    return { isAdmitted, limit: this.#limit, remaining, resetMs: Math.max(0, this.#endsAtMs - nowMs) };
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#takePortion().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #takePortion(): Promise<void> {
    const { requests, seconds } = this.#limit;
    const debt = this.#owed;
    this.#debt = debt;
    this.#owed = 0;
    this.#coming = Math.max(0, Math.min(this.#portion(), this.#unused - debt));
    const wanted = debt + this.#coming;
    this.#unused -= wanted;
    this.#asked += wanted;
    const counted = await this.#store.take(this.#key, wanted, seconds);
    const consumed = Math.max(counted.consumed, this.#asked);
    const granted = Math.min(wanted, Math.max(0, requests - (consumed - wanted)));
    this.#coming = 0;
    this.#debt = 0;
    this.#left += Math.max(0, granted - debt);
    this.#unused = Math.max(0, requests - consumed);
    if (counted.consumed === consumed) this.#endsAtMs = this.#clock() + counted.endsInMs;
  }
}
