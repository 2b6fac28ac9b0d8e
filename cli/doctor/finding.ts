/** What a check has found: how it is, and where it isn't as it should be, what to do about it. */
export interface Finding {
  readonly area: Area;
  /** What was looked at, in a few words. */
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** Present wherever the result isn't `ok`. */
  readonly todo?: string;
}

export const AREAS = ['settings', 'database', 'temporal', 'workers', 'providers', 'outside'] as const;
export type Area = (typeof AREAS)[number];

/** The findings of one area, each one line to write. */
export function findingsOf(area: Area) {
  return {
    ok: (check: string, detail: string): Finding => ({ area, check, result: 'ok', detail }),
    warning: (check: string, detail: string, todo: string): Finding => ({
      ...{ area, check, result: 'warning', detail, todo },
    }),
    failed: (check: string, detail: string, todo: string): Finding => ({
      ...{ area, check, result: 'failed', detail, todo },
    }),
  };
}

/** The first line of an error: drivers' messages have more, and may quote addresses only. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return `${text.split('\n')[0]?.slice(0, 200) ?? ''}${text.includes(code.trim()) ? '' : code}`;
}
