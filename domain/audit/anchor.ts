import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * The audit chains' heads, written where whoever can change Postgres cannot: a file of lines, each signed and
 * each naming the line before. A chain in the database may then be cut or rewritten only back to its last
 * anchored head without being found out, and the file only at its very end.
 */
export interface AnchoredHead {
  readonly ownerId: string;
  readonly sequence: number;
  readonly hash: string;
}

export const ANCHOR_GENESIS = 'interlock/audit-anchor/v1';

/** One line, without its end. `previous` is the line before, or ANCHOR_GENESIS for the first. */
export function anchorLine(
  previous: string,
  atMs: number,
  heads: readonly AnchoredHead[],
  key: Uint8Array,
): string {
  const content = JSON.stringify({
    at: new Date(atMs).toISOString(),
    previous: digestOf(previous),
    heads: heads.map(({ ownerId, sequence, hash }) => [ownerId, sequence, hash]),
  });
  return JSON.stringify({ content, signature: sign(content, key) });
}

/** When a line was written, epoch milliseconds; 0 for a line that cannot be read, as if nothing came before. */
export function anchoredAtMs(line: string): number {
  try {
    const { content } = JSON.parse(line) as { content: string };
    return Date.parse((JSON.parse(content) as { at: string }).at) || 0;
  } catch {
    return 0;
  }
}

export interface ReadAnchor {
  readonly heads: readonly AnchoredHead[];
  readonly problems: readonly string[];
}

/** Reads a file back: every head that a valid line vouches for, and what is wrong with the rest. */
export function readAnchor(text: string, key: Uint8Array): ReadAnchor {
  const heads: AnchoredHead[] = [];
  const problems: string[] = [];
  let previous = ANCHOR_GENESIS;
  for (const [index, line] of text
    .split('\n')
    .filter((each) => each !== '')
    .entries()) {
    const read = readLine(line, key);
    if (read === undefined) problems.push(`line ${index + 1} is not signed with this key`);
    else {
      if (read.previous !== digestOf(previous))
        problems.push(`line ${index + 1} does not follow the line before it`);
      heads.push(...read.heads);
    }
    previous = line;
  }
  return { heads, problems };
}

function readLine(
  line: string,
  key: Uint8Array,
): { readonly previous: string; readonly heads: readonly AnchoredHead[] } | undefined {
  try {
    const { content, signature } = JSON.parse(line) as { content: string; signature: string };
    if (signature !== sign(content, key)) return undefined;
    // Signed, so it is what `anchorLine` wrote.
    const { previous, heads } = JSON.parse(content) as {
      previous: string;
      heads: [string, number, string][];
    };
    return { previous, heads: heads.map(([ownerId, sequence, hash]) => ({ ownerId, sequence, hash })) };
  } catch {
    return undefined;
  }
}

function sign(content: string, key: Uint8Array): string {
  return bytesToHex(hmac(sha256, hmac(sha256, key, utf8ToBytes(ANCHOR_GENESIS)), utf8ToBytes(content)));
}

function digestOf(line: string): string {
  return bytesToHex(sha256(utf8ToBytes(line)));
}
