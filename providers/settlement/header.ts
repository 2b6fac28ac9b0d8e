import { quoted, SettlementFileError } from './errors.ts';
import type { SettlementLayout } from './layout.ts';

/** Files of one layout differ in case and spacing of their headers, so neither counts. */
export function normalized(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLowerCase();
}

/** A file's own header: where each column stands. */
export class Header {
  readonly names: readonly string[];
  /** Under which name each column is kept, where one stands twice. */
  readonly keys: readonly string[];
  /** How many cells a record has at least, once checked: up to the last column that the layout cannot do without. */
  needed = 0;
  readonly #line: number;
  readonly #positions = new Map<string, number>();
  readonly #repeated = new Set<string>();

  constructor(names: readonly string[], line: number) {
    this.names = names;
    this.#line = line;
    const keys: string[] = [];
    names.forEach((name, position) => {
      const key = normalized(name);
      if (this.#positions.has(key)) this.#repeated.add(key);
      else this.#positions.set(key, position);
      keys.push(keys.includes(name) ? `${name} (${position + 1})` : name);
    });
    this.keys = keys;
  }

  /** Undefined where the file has no such column. */
  find(name: string): number | undefined {
    const key = normalized(name);
    const position = this.#positions.get(key);
    if (position !== undefined && this.#repeated.has(key)) {
      throw new SettlementFileError(
        'duplicate_column',
        this.#line,
        `the column ${quoted(name)} stands twice`,
        name,
      );
    }
    return position;
  }

  require(name: string): number {
    const position = this.find(name);
    if (position === undefined) throw this.#missing(name, `the column ${quoted(name)} is missing`);
    return position;
  }

  check(layout: SettlementLayout): void {
    for (const wanted of layout.required) {
      if (typeof wanted === 'string') this.needed = Math.max(this.needed, this.require(wanted) + 1);
      else if (!wanted.some((name) => this.find(name) !== undefined)) {
        throw this.#missing(
          wanted[0] ?? '',
          `one of the columns ${wanted.map(quoted).join(', ')} is missing`,
        );
      }
    }
  }

  #missing(name: string, what: string): SettlementFileError {
    const has = this.names.slice(0, 8).map(quoted).join(', ');
    const more = this.names.length > 8 ? ', ...' : '';
    return new SettlementFileError('missing_column', this.#line, `${what}; the file has ${has}${more}`, name);
  }
}
