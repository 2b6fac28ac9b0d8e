import { randomBytes } from 'node:crypto';
import { ApplicationFailure, type Payload } from '@temporalio/common';
import {
  decodeArrayFromPayloads,
  decodeOptionalFailureToOptionalError,
  encodeErrorToFailure,
  encodeToPayloads,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import proto from '@temporalio/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError, createDataConverter, createPayloadCodec, type KeyRing } from './index.ts';

const KEYS = { k1: randomBytes(32), k2: randomBytes(32) };
const FIRST: KeyRing = { activeId: 'k1', keys: { k1: KEYS.k1 } };
const ROTATED: KeyRing = { activeId: 'k2', keys: KEYS };
const LAST: KeyRing = { activeId: 'k2', keys: { k2: KEYS.k2 } };

const converter = loadDataConverter(createDataConverter(FIRST));

const payload: fc.Arbitrary<Payload> = fc.record({
  metadata: fc.dictionary(fc.string(), fc.uint8Array()),
  data: fc.uint8Array({ maxLength: 4000 }),
});

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

async function encodeOne(ring: KeyRing, data: string | Buffer): Promise<Payload> {
  const [encoded] = await createPayloadCodec(ring).encode([jsonPayload(data)]);
  if (encoded === undefined) throw new Error('one payload in, one payload out');
  return encoded;
}

function jsonPayload(data: string | Buffer): Payload {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  return { metadata: { encoding: Buffer.from('json/plain') }, data: bytes };
}

async function codecErrorOf(action: Promise<unknown>): Promise<CodecError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CodecError) return error;
  throw new Error('expected a CodecError', { cause: error });
}

describe('payload codec', () => {
  it('gives back any payload, in order', async () => {
    const codec = createPayloadCodec(FIRST);
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { maxLength: 5 }), async (payloads) => {
        const decoded = await codec.decode(await codec.encode(payloads));
        const plain = (list: Payload[]) =>
          list.map(({ metadata, data }) => ({
            metadata: Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value)]),
            data: Buffer.from(data ?? []),
          }));
        expect(plain(decoded)).toEqual(plain(payloads));
      }),
    );
  });

  it('serves the SDK as a data converter', async () => {
    const values = [{ amountMinor: 1200, currency: 'EUR' }, 'text', null, undefined, [1, 2]];
    const encoded = await encodeToPayloads(converter, ...values);
    expect(await decodeArrayFromPayloads(converter, encoded)).toEqual(values);
    expect(textOf(encoded?.[0]?.metadata?.encoding)).toBe('binary/encrypted');
    expect(textOf(encoded?.[0]?.metadata?.['encryption-key-id'])).toBe('k1');
  });

  it('encrypts the same payload to other bytes each time', async () => {
    const seals = await Promise.all(Array.from({ length: 50 }, () => encodeOne(FIRST, 'same')));
    expect(new Set(seals.map(({ data }) => Buffer.from(data ?? []).toString('hex'))).size).toBe(50);
  });

  it('compresses what is long and repetitive, and nothing that would not gain', async () => {
    const list = Array.from({ length: 40 }, (_, index) => ({ id: `att_${index}`, outcome: 'authorized' }));
    const long = await encodeOne(FIRST, JSON.stringify(list));
    expect(textOf(long.metadata?.compression)).toBe('deflate-raw');
    expect(long.data?.length).toBeLessThan(JSON.stringify(list).length / 3);
    for (const data of [Buffer.from('short'), randomBytes(3000)]) {
      expect((await encodeOne(FIRST, data)).metadata).not.toHaveProperty('compression');
    }
  });

  it('lets unencrypted payloads through decoding unchanged', async () => {
    const plain = [jsonPayload('"from the CLI"'), {}];
    expect(await createPayloadCodec(FIRST).decode(plain)).toEqual(plain);
  });

  it('decodes with every key of the ring and encodes with the active one', async () => {
    const old = await encodeOne(FIRST, '1');
    const [decoded] = await createPayloadCodec(ROTATED).decode([old]);
    expect(textOf(decoded?.data)).toBe('1');
    const fresh = await encodeOne(ROTATED, '2');
    const [again] = await createPayloadCodec(LAST).decode([fresh]);
    expect(textOf(again?.data)).toBe('2');

    const error = await codecErrorOf(createPayloadCodec(LAST).decode([old]));
    expect([error.code, error.keyId]).toEqual(['unknown_key', 'k1']);
    expect(error.message).toContain('k1');
  });

  it('refuses a payload with any one bit of its data flipped', async () => {
    const codec = createPayloadCodec(ROTATED);
    for (const encoded of [await encodeOne(FIRST, 'short'), await encodeOne(FIRST, 'long '.repeat(100))]) {
      const { data } = encoded;
      if (!data) throw new Error('an encrypted payload has data');
      for (let bit = 0; bit < data.length * 8; bit += 1) {
        const altered = Uint8Array.from(data);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const error = await codecErrorOf(codec.decode([{ ...encoded, data: altered }]));
        expect(error.code).toBe('not_authentic');
      }
      for (const length of [0, 27, data.length - 1]) {
        await codecErrorOf(codec.decode([{ ...encoded, data: data.subarray(0, length) }]));
      }
    }
  });

  it('refuses a payload whose readable part was rewritten', async () => {
    const codec = createPayloadCodec({ activeId: 'k1', keys: { k1: KEYS.k1, k3: KEYS.k1 } });
    const encoded = await encodeOne(FIRST, 'x'.repeat(1000));
    const { compression: _, ...uncompressed } = encoded.metadata ?? {};
    const rewritten: [Payload['metadata'], string][] = [
      // The same key bytes under another id: only the authenticated id tells.
      [{ ...encoded.metadata, 'encryption-key-id': Buffer.from('k3') }, 'not_authentic'],
      [uncompressed, 'not_authentic'],
      [{ ...encoded.metadata, compression: Buffer.from('gzip') }, 'malformed'],
      [{ encoding: Buffer.from('binary/encrypted') }, 'malformed'],
      [{ ...encoded.metadata, 'encryption-key-id': Buffer.from('k1\nforged log line') }, 'malformed'],
    ];
    for (const [metadata, code] of rewritten) {
      const error = await codecErrorOf(codec.decode([{ ...encoded, metadata: metadata ?? null }]));
      expect(error.code).toBe(code);
      expect(error.message).not.toContain('forged');
    }
  });

  it('refuses keys that cannot work', () => {
    expect(() => createPayloadCodec({ activeId: 'k1', keys: { k1: randomBytes(16) } })).toThrow(CodecError);
    expect(() => createPayloadCodec({ activeId: 'k9', keys: KEYS })).toThrow(/k9/);
    expect(() => createPayloadCodec({ activeId: 'a b', keys: { 'a b': KEYS.k1 } })).toThrow(CodecError);
  });
});

describe('failures', () => {
  it('come back with message, type, details, stack and cause, and show none of them on the way', async () => {
    const cause = new Error('cause-marker');
    const error = ApplicationFailure.create({
      message: 'message-marker',
      type: 'CardFault',
      details: [{ note: 'details-marker' }],
      cause,
    });
    const failure = await encodeErrorToFailure(converter, error);
    const wire = Buffer.from(proto.temporal.api.failure.v1.Failure.encode(failure).finish());
    expect(wire.includes('marker')).toBe(false);
    expect(wire.includes('codec.test.ts')).toBe(false);

    const decoded = await decodeOptionalFailureToOptionalError(converter, failure);
    expect(decoded).toMatchObject({ message: 'message-marker', type: 'CardFault' });
    expect((decoded as ApplicationFailure).details).toEqual([{ note: 'details-marker' }]);
    expect(decoded?.cause).toMatchObject({ message: 'cause-marker' });
    expect(decoded?.stack).toContain('codec.test.ts');
  });
});
