import type { ListedPayment } from '../../db/read/index.ts';
import { isPaymentId } from '../payments/find.ts';

/** Where a page ended, as one word that callers hand back and don't read. */
export function encodeCursor({ createdAt, id }: Pick<ListedPayment, 'createdAt' | 'id'>): string {
  return `${createdAt.getTime().toString(36)}.${id}`;
}

export function decodeCursor(text: string): { createdAtMs: number; id: string } | undefined {
  const [time = '', id = '', ...more] = text.split('.');
  const createdAtMs = Number.parseInt(time, 36);
  const isWhole = /^[0-9a-z]{1,10}$/.test(time) && isPaymentId(id) && more.length === 0;
  return isWhole && Math.abs(createdAtMs) < 8.64e15 ? { createdAtMs, id } : undefined;
}
