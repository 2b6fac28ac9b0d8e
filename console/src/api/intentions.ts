/**
 * Orders of which nobody knows yet whether they were carried out: sent, and not answered. Ordering the same again, in the same
 * dialog or in another, after a reload too, repeats the first under its own idempotency key, so that it is carried out once
 * (a partial refund twice would be the payer's gain). Kept for the tab; what an order says is kept as a fingerprint only.
 */
interface Unanswered {
  readonly key: string;
  /** The first wording: the API holds the same key with another body for a mistake. */
  readonly reason: string | undefined;
  /** Of so many tries nobody knows whether they arrived: under way, or not answered. */
  readonly unsure: number;
}

/** What an older console kept has no count: it was sent, and not answered. */
type Kept = Omit<Unanswered, 'unsure'> & { readonly unsure?: number };

const STORED = 'interlock.unanswered';
const unanswered = new Map<string, Unanswered>(stored());

export interface Order {
  readonly url: string;
  /** Of the merchant in whose name it is sent; `''` for an operator's own. */
  readonly merchant: string;
  readonly body: string;
}

/**
 * Notes an order that is about to be sent; what is to be sent is what it returns. Where every try so far was turned away unread, its
 * words of now count: the audit log is to have what the person said last, and the key knows no other body yet.
 */
export function intended(order: Order, key: string): { readonly key: string; readonly body: string } {
  const print = printOf(order);
  const earlier = unanswered.get(print);
  const isHeld = earlier !== undefined && earlier.unsure > 0;
  const noted = isHeld ? earlier : { key: earlier?.key ?? key, reason: reasonOf(order.body), unsure: 0 };
  unanswered.set(print, { ...noted, unsure: noted.unsure + 1 });
  store();
  return { key: noted.key, body: isHeld ? worded(order.body, noted.reason) : order.body };
}

/**
 * After an answer, whatever it says, the same order is a new one. `isFirstTry`: nothing was sent before under this very request, as
 * it is where a connection broke.
 */
export function answered(order: Order, status: number, isFirstTry = true): void {
  const print = printOf(order);
  const earlier = unanswered.get(print);
  if (isAnswer(status)) unanswered.delete(print);
  else if (earlier !== undefined && isFirstTry && isUnread(status))
    unanswered.set(print, { ...earlier, unsure: earlier.unsure - 1 });
  store();
}

/** Another person's orders are their own. */
export function forgetOrders(): void {
  unanswered.clear();
  store();
}

/**
 * Whether a status (0: no answer came) tells what became of an order: a failure of the API's or of a proxy's doesn't, nor does a
 * refusal that wasn't about the order (signed out meanwhile, too many requests).
 */
function isAnswer(status: number): boolean {
  return status !== 0 && status < 500 && status !== 408 && !isUnread(status);
}

/** The key was another order's before: this one was not carried out, and of that one nothing is said. */
export function isOtherOrders({ code }: { readonly code: string }): boolean {
  return code === 'idempotency_key_reused';
}

/**
 * Whether a dialog's next order is a new one, with a key of its own: what was refused and is mended. Not where its key is another
 * order's that may have been carried out: a new key would do both, so whoever wants both opens the dialog again.
 */
export function isSettled(problem: { readonly status: number; readonly code: string }): boolean {
  return isAnswer(problem.status) && !isOtherOrders(problem);
}

/** Turned away at the door: no order was read, and nothing of it is kept. */
function isUnread(status: number): boolean {
  return status === 401 || status === 429;
}

function printOf({ url, merchant, body }: Order): string {
  return `${url} ${merchant} ${hashOf(worded(body, undefined))}`;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(body: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(body: string): string | undefined {
  const reason = fieldsOf(body)?.reason;
  return typeof reason === 'string' ? reason : undefined;
}

/** The same order with this reason, or with none. */
function worded(body: string, reason: string | undefined): string {
  const fields = fieldsOf(body);
  if (fields === undefined) return body;
  return JSON.stringify({ ...fields, reason });
}

/** FNV-1a: it tells orders of one tab apart, and gives nothing of them away that could be used. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

function stored(): [string, Unanswered][] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORED) ?? '[]') as [string, Kept][];
    return kept.map(([print, order]) => [print, { ...order, unsure: order.unsure ?? 1 }]);
  } catch {
    return [];
  }
}

function store(): void {
  try {
    sessionStorage.setItem(STORED, JSON.stringify([...unanswered]));
  } catch {
    // A browser that keeps nothing knows its orders until the page is left.
  }
}
