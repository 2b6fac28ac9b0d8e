import { findCardNumber, type LuhnCheck } from './card-data.ts';
import { problem } from './problems.ts';

/** JSON nested deeper than this is nobody's payment. */
const MAX_DEPTH = 32;
/** Assigned to a plain object, it would change the object instead of adding to it. */
const FORBIDDEN_NAME = '__proto__';
/** What Postgres cannot store in text or jsonb: it must not travel as far as a workflow. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/**
 * Reads a JSON object from the bytes of a body; an empty body is an empty object. Answers 400 for what is
 * no JSON, nests too deeply, names `__proto__` or holds text that no row could; 422 for a card number
 * outside the paths in `cardNumberAt`. Schemas are judged afterwards.
 */
export function readJsonBody(
  bytes: Uint8Array,
  options: { readonly isLuhnValid: LuhnCheck; readonly cardNumberAt?: readonly string[] },
): unknown {
  if (bytes.length === 0) return {};
  const text = decodeUtf8(bytes);
  if (depthOf(text) > MAX_DEPTH) throw problem('json_too_deep');
  const value = parseObject(text);
  // First, so that no later answer can name a parameter which is itself a card number.
  const found = findCardNumber(value, options.isLuhnValid, options.cardNumberAt ?? []);
  if (found !== undefined) throw problem('card_number_in_text', found === '' ? {} : { param: found });
  refuseUnsafe(value);
  return value;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw problem('json_invalid');
  }
}

function parseObject(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the input; ours does not.
    throw problem('json_invalid');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw problem('json_invalid');
  return value;
}

/** Counted on the text, before anything recursive sees it. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (inString) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x7b || character === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (character === 0x7d || character === 0x5d) depth -= 1;
  }
  return deepest;
}

/** Throws 400 for what nobody can keep, wherever it came in: a body, a path's parameter, a query. */
export function refuseUnsafe(value: unknown, path = ''): void {
  if (typeof value === 'string' && UNSTORABLE.test(value)) {
    throw problem('parameter_invalid', {
      param: path,
      message: 'This text holds characters that are not text.',
    });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const param = path === '' ? name : `${path}.${name}`;
    if (name === FORBIDDEN_NAME) throw problem('parameter_unknown', { param });
    if (UNSTORABLE.test(name)) throw problem('parameter_unknown', path === '' ? {} : { param: path });
    refuseUnsafe(member, param);
  }
}
