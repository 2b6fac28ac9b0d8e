/**
 * client/codec/: what Temporal gets to store is encrypted before it leaves this process, by one converter
 * that client, worker, replayer and codec server share. What lives here: the payload codec, the failure
 * converter and their wiring. What may not: keys read from the environment (they come in as a ring), and
 * anything that looks into what it encrypts.
 */
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createPayloadCodec, type KeyRing } from './encryption.ts';

export {
  CodecError,
  type CodecErrorCode,
  createPayloadCodec,
  ENCODING,
  type KeyRing,
} from './encryption.ts';

/** Also an option of `bundleWorkflowCode`: a prebuilt bundle without it leaves workflow failures readable. */
export const failureConverterPath = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url));

/** The `dataConverter` of clients, workers and replays alike. Throws a `CodecError` on an unusable ring. */
export function createDataConverter(keys: KeyRing): DataConverter {
  return { payloadCodecs: [createPayloadCodec(keys)], failureConverterPath };
}
