/**
 * What the search for unreachable rules may cost, counted in values looked at: the process that searches has payments
 * to answer meanwhile. All of a document's rules draw on one account, and each may take its part of what is left, so
 * that a dear rule takes nothing from those behind it. Who has used up his part says nothing of his rule.
 */
export class Steps {
  #left: number;
  #floor = 0;

  constructor(most: number = MAX_STEPS) {
    this.#left = most;
  }

  /** Begins the part of the next of so many that are still to come. What it leaves is the others'. */
  share(among: number): void {
    this.#floor = this.#left - this.#left / Math.max(1, among);
  }

  /** Whether there was so much left. What there isn't is not spent, so all parts together stay within the bound. */
  spend(count: number): boolean {
    if (this.#left - count < this.#floor) return false;
    this.#left -= count;
    return true;
  }

  get left(): number {
    return this.#left;
  }
}

/** About a tenth of a second of one core. */
export const MAX_STEPS = 2_000_000;
