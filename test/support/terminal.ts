/** What a verb said and how it ended, where a test stands in for the terminal. */
export interface Heard {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Terminal {
  out(line: string): void;
  err(line: string): void;
}

export async function heard(run: (terminal: Terminal) => Promise<number>): Promise<Heard> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run({ out: (line) => void out.push(line), err: (line) => void err.push(line) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
