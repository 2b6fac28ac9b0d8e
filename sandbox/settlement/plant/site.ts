// A day being closed, as those who plant breaks in it see it: its lines, which of them are still clean, and
// what was done to the others. Each clean line is spoiled at most once, so that every break stands alone.
import type { JournalLine } from '../../journal.ts';
import type { Kernel, Transaction } from '../../kernel.ts';
import type { BankDraft } from '../bank.ts';
import { type EffectLine, type Line, type LineKind, type LineRules, lineOf, movesMoney } from '../lines.ts';
import { toNumber } from '../money.ts';
import { shuffled } from '../random.ts';
import type { Payout, Settler } from '../settler.ts';
import { beginSilently } from '../silent.ts';
import type { Planted } from '../store.ts';

/** There is nothing in this day that the break could be planted in. */
export class CannotPlant extends Error {}

export interface Spec {
  type: string;
  count: number;
  /** The payment to spoil; any fitting one where absent. */
  reference?: string | undefined;
  /** Of a payment that never arrived: what it is charged. */
  amountMinor?: number | undefined;
  currency?: string | undefined;
}

interface Mark {
  planted: Planted;
  /** Where it shows; a payout's line is written only once nothing changes any more. */
  line?: (line: Line) => boolean;
}

export interface SiteParts {
  kernel: Kernel;
  settler: Settler;
  rules: LineRules;
  businessDate: string;
  random: () => number;
  /** What is to be settled. */
  effects: readonly EffectLine[];
}

export class Site {
  readonly kernel: Kernel;
  readonly settler: Settler;
  readonly businessDate: string;
  lines: Line[];
  /** Left out of this file, for the next one or for good. */
  readonly postponed: Line[] = [];
  readonly withheld: Line[] = [];
  readonly effects = new Map<string, EffectLine>();
  readonly bank: BankDraft[] = [];
  /** How often the file is published once more. */
  republished = 0;
  readonly #rules: LineRules;
  readonly #marks: Mark[] = [];
  #clean: Line[];
  #invented = 0;

  constructor({ kernel, settler, rules, businessDate, random, effects }: SiteParts) {
    this.kernel = kernel;
    this.settler = settler;
    this.businessDate = businessDate;
    this.#rules = rules;
    for (const effect of effects) this.effects.set(String(effect.seq), effect);
    this.lines = effects.map((effect) => lineOf(effect, rules));
    this.#clean = shuffled(this.lines, random);
  }

  /** Gives clean lines of a kind to `attempt` until one of them will do; that one is clean no more. */
  use<T>(kind: LineKind, spec: Spec, attempt: (line: Line) => T | undefined): T {
    for (const line of this.#clean) {
      const wanted = spec.reference === undefined || spec.reference === line.reference;
      const result = line.kind === kind && wanted ? attempt(line) : undefined;
      if (result === undefined) continue;
      this.#clean = this.#clean.filter((other) => other !== line);
      return result;
    }
    throw new CannotPlant(`no clean ${kind} of this day will do`);
  }

  /** The line of an effect is clean no more, though nothing was done to it. */
  spoil({ seq }: EffectLine): void {
    this.#clean = this.#clean.filter(({ key }) => key !== String(seq));
  }

  /** Puts others in a line's place. */
  replace(line: Line, ...others: Line[]): void {
    this.lines.splice(this.lines.indexOf(line), 1, ...others);
  }

  add(line: Line): void {
    this.lines.push(line);
  }

  /** A key for a line that tells of no effect. */
  inventKey(): string {
    this.#invented += 1;
    return `${this.businessDate.replaceAll('-', '')}x${this.#invented}`;
  }

  /** Does something at the provider; its effects are settled in this file. Undefined where it couldn't be done. */
  act(run: (tx: Transaction) => boolean): Line[] | undefined {
    const since = this.kernel.log().at(-1)?.seq ?? 0;
    const tx = beginSilently(this.kernel);
    if (!run(tx)) return undefined;
    this.kernel.commit(tx);
    const effects = this.kernel.log(since).filter(movesMoney);
    for (const effect of effects) this.effects.set(String(effect.seq), effect);
    const lines = effects.map((effect) => lineOf(effect, this.#rules));
    this.lines.push(...lines);
    return lines;
  }

  effectOf(line: Line): EffectLine {
    const effect = this.effects.get(line.key);
    if (effect === undefined) throw new Error(`line ${line.key} tells of no effect`);
    return effect;
  }

  /** Journal numbers of what this file tells about, and of what no file will. */
  effectsByFate(): { effects: number[]; withheld: number[] } {
    const withheld = this.withheld.map((line) => line.key);
    const kept = new Set([...withheld, ...this.postponed.map((line) => line.key)]);
    const effects = [...this.effects.keys()].filter((key) => !kept.has(key));
    return { effects: effects.map(Number), withheld: withheld.map(Number) };
  }

  journal(): readonly JournalLine[] {
    return this.kernel.log();
  }

  mark(type: string, line: Line, more: Omit<Planted, 'type'> = {}, inFile = true): void {
    const { payment, operation, reference } = line;
    const planted = {
      type,
      ...(reference === null ? {} : { reference }),
      ...(payment === null ? {} : { providerReference: payment }),
      ...(operation === null ? {} : { operation }),
      amountMinor: toNumber(line.grossMinor),
      currency: line.currency,
      ...more,
    };
    this.#marks.push({ planted, ...(inFile ? { line: (other: Line) => other === line } : {}) });
  }

  markPayout(type: string, payout: Payout, more: Omit<Planted, 'type'>): void {
    const { reference, currency } = payout;
    const line = (other: Line) => other.kind === 'payout' && other.operation === reference;
    this.#marks.push({ planted: { type, providerReference: reference, currency, ...more }, line });
  }

  markWhole(type: string, more: Omit<Planted, 'type'>): void {
    this.#marks.push({ planted: { type, ...more } });
  }

  /** What was planted, with line numbers: final once the lines are. */
  planted(): Planted[] {
    return this.#marks.map(({ planted, line }) => {
      const index = line === undefined ? -1 : this.lines.findIndex(line);
      return index < 0 ? planted : { ...planted, line: index + 2 };
    });
  }
}
