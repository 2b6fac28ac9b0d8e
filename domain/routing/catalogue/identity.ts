import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonical } from '../../canonical.ts';
import type { Catalogue } from './schema.ts';

/** Names a catalogue by its content: the same numbers have the same name, whoever writes them down in what order. */
export function catalogueId(catalogue: Catalogue): string {
  return `cat_${bytesToHex(sha256(utf8ToBytes(canonical(catalogue))))}`;
}
