import { problem } from './problems.ts';

/** So many of one person's reads run at once; a page of the console asks for more, and they take turns. */
export const READS_AT_ONCE = 4;
/** So many wait for their turn, for a person with several tabs. Whoever asks for more hears 429. */
export const MOST_WAITING_READS = 16;

/** Somebody who may leave before their turn comes. */
interface Caller {
  readonly destroyed: boolean;
}

/** Keeps one person from having all of what people read by, which they share with each other and not with payments. */
export interface ReadingPlaces {
  /** Reads when it is the reader's turn. Undefined: nobody who is held to it. */
  within<T>(reader: string | undefined, caller: Caller, read: () => Promise<T>): Promise<T>;
}

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

export function createReadingPlaces(): ReadingPlaces {
  const lines = new Map<string, Line>();
  return {
    async within(reader, caller, read) {
      if (reader === undefined) return read();
      const line = lines.get(reader) ?? { running: 0, waiting: [] };
      lines.set(reader, line);
      if (line.running >= READS_AT_ONCE) {
        if (line.waiting.length >= MOST_WAITING_READS) throw problem('too_many_reads');
        // Whoever leaves hands the place on to the first who waits: it was never free.
        await new Promise<void>((resolve) => line.waiting.push(resolve));
      } else line.running += 1;
      try {
        // Nobody would see it.
        if (caller.destroyed) throw problem('too_many_reads');
        return await read();
      } finally {
        const next = line.waiting.shift();
        if (next !== undefined) next();
        else line.running -= 1;
        if (line.running === 0) lines.delete(reader);
      }
    },
  };
}
