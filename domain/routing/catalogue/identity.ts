import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Catalogue } from './schema.ts';

/** Names a catalogue by its content: the same numbers have the same name, whoever writes them down in what order. */
export function catalogueId(catalogue: Catalogue): string {
  return `cat_${bytesToHex(sha256(utf8ToBytes(canonical(catalogue))))}`;
}

/** JSON with sorted keys; what is undefined is left out, as JSON does. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}
