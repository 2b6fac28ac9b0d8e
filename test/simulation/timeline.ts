/**
 * Virtual time, and scripts that wait in it. A script is a generator that yields what it waits for, so the
 * twins of the workflow's async functions read like them, and every interleaving follows from the seed alone.
 */
export interface Timer {
  readonly atMs: number;
  readonly order: number;
  /** Absent once it was called off. */
  act: (() => void) | undefined;
}

export class Timeline {
  nowMs = 0;
  #order = 0;
  readonly #heap: Timer[] = [];

  after(delayMs: number, act: () => void): Timer {
    const timer: Timer = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, act };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Timer;
      if (!earlier(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
    return timer;
  }

  /** Lets the next thing happen. False: nothing is left to happen, ever. */
  step(): boolean {
    for (;;) {
      const timer = this.#pop();
      if (timer === undefined) return false;
      const { act } = timer;
      if (act === undefined) continue;
      this.nowMs = timer.atMs;
      act();
      return true;
    }
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!earlier(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function earlier(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

export type Resume = (value?: unknown) => void;
export type Wait = (resume: Resume) => void;
export type Script<T> = Generator<Wait, T, unknown>;

/** Whose script it is. A dead owner's scripts are never resumed. */
export interface Owner {
  readonly alive: boolean;
  /** Called after each step of a script of its own. */
  afterStep(): void;
}

export function start<T>(script: Script<T>, owner: Owner, done?: (value: T) => void): void {
  const step: Resume = (value) => {
    if (!owner.alive) return;
    const next = script.next(value);
    if (next.done === true) done?.(next.value);
    else next.value(step);
    owner.afterStep();
  };
  step();
}

/** A process that never ends and needs nothing afterwards: activities, the API, the merchant. */
export const OUTSIDE: Owner = { alive: true, afterStep: () => undefined };
