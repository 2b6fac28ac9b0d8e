import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Card, CVC_LIFETIME_MS, createVault, type KeyRing, type Vault, VaultError } from './index.ts';

const NOW_MS = 1_900_000_000_000;
const OWNER = 'pm_a';
const KEYS = { k1: randomBytes(32), k2: randomBytes(32) };
const DIGEST_KEY = randomBytes(32);

function vaultWith(keys: KeyRing, digestKey = DIGEST_KEY): Vault {
  return createVault({ keys, digestKey, clock: () => NOW_MS });
}
const vault = vaultWith({ activeId: 'k1', keys: { k1: KEYS.k1 } });
const rotated = vaultWith({ activeId: 'k2', keys: KEYS });

const CARD: Card = { number: '4242424242424242', expMonth: 12, expYear: 2034, holderName: 'Ada Lovelace' };

const card: fc.Arbitrary<Card> = fc.record(
  {
    number: fc.stringMatching(/^\d{12,19}$/),
    expMonth: fc.integer({ min: 1, max: 12 }),
    expYear: fc.integer({ min: 2000, max: 9999 }),
    holderName: fc.string({ unit: 'binary' }),
  },
  { requiredKeys: ['number', 'expMonth', 'expYear'] },
);
const cvc = fc.stringMatching(/^\d{3,4}$/);
const ownerId = fc.string({ minLength: 1 });
const lifetimeMs = fc.integer({ min: 1, max: CVC_LIFETIME_MS });

/** One record of each kind, with the call that opens it. */
const RECORDS = [
  {
    kind: 'card',
    sealed: vault.sealCard(CARD, OWNER),
    open: (by: Vault, sealed: Uint8Array) => by.openCard(sealed, OWNER),
    content: CARD,
  },
  {
    kind: 'cvc',
    sealed: vault.sealCvc('737', OWNER, NOW_MS + 1000),
    open: (by: Vault, sealed: Uint8Array) => by.openCvc(sealed, OWNER, NOW_MS),
    content: '737',
  },
  {
    kind: 'parameters',
    sealed: vault.sealParameters({ number: CARD.number }, OWNER, NOW_MS + 1000),
    open: (by: Vault, sealed: Uint8Array) => by.openParameters(sealed, OWNER, NOW_MS),
    content: { number: CARD.number },
  },
  {
    kind: 'secret',
    sealed: vault.sealSecret({ current: 'whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=' }, OWNER),
    open: (by: Vault, sealed: Uint8Array) => by.openSecret(sealed, OWNER),
    content: { current: 'whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=' },
  },
  {
    kind: 'provider',
    sealed: vault.sealProviderSecrets({ values: { apiKey: 'a key to somebody’s money' } }, OWNER),
    open: (by: Vault, sealed: Uint8Array) => by.openProviderSecrets(sealed, OWNER),
    content: { values: { apiKey: 'a key to somebody’s money' } },
  },
] as const;

const LASTING: ReadonlySet<string> = new Set(['card', 'secret', 'provider']);

function errorOf(action: () => unknown): VaultError {
  try {
    action();
  } catch (error) {
    if (error instanceof VaultError) return error;
    throw error;
  }
  throw new Error('expected a VaultError');
}

describe('sealing and opening', () => {
  it('gives back any card to its owner', () => {
    fc.assert(
      fc.property(card, ownerId, (value, owner) => {
        expect(vault.openCard(vault.sealCard(value, owner), owner)).toEqual(value);
      }),
    );
  });

  it('gives back any code and any JSON parameters until they expire', () => {
    fc.assert(
      fc.property(cvc, fc.jsonValue(), ownerId, lifetimeMs, (code, parameters, owner, lifetime) => {
        const expiresAtMs = NOW_MS + lifetime;
        const sealedCvc = vault.sealCvc(code, owner, expiresAtMs);
        const sealedParameters = vault.sealParameters(parameters, owner, expiresAtMs);
        const asJson = JSON.parse(JSON.stringify(parameters));
        expect(vault.openCvc(sealedCvc, owner, expiresAtMs - 1)).toBe(code);
        expect(vault.openParameters(sealedParameters, owner, expiresAtMs - 1)).toEqual(asJson);
        expect(vault.openCvc(sealedCvc, owner, expiresAtMs)).toBeUndefined();
        expect(vault.openParameters(sealedParameters, owner, expiresAtMs)).toBeUndefined();
      }),
    );
  });

  it('never seals to the same bytes twice', () => {
    const seals = Array.from({ length: 50 }, () => Buffer.from(vault.sealCard(CARD, OWNER)).toString('hex'));
    expect(new Set(seals).size).toBe(50);
  });

  it('leaves nothing readable in a record', () => {
    for (const { sealed } of RECORDS) {
      const bytes = Buffer.from(sealed);
      for (const text of [CARD.number, '4242', 'Ada', 'number']) expect(bytes.includes(text)).toBe(false);
    }
  });

  it('refuses a record for another owner', () => {
    fc.assert(
      fc.property(card, ownerId, ownerId, (value, owner, other) => {
        fc.pre(owner !== other);
        const sealed = vault.sealCard(value, owner);
        expect(errorOf(() => vault.openCard(sealed, other)).code).toBe('not_authentic');
      }),
    );
  });

  it('refuses a record in the place of another kind, the kind rewritten or not', () => {
    for (const [index, record] of RECORDS.entries()) {
      for (const [otherIndex, other] of RECORDS.entries()) {
        if (index === otherIndex) continue;
        expect(errorOf(() => other.open(vault, record.sealed)).code).toBe('malformed');
        const relabelled = Uint8Array.from(record.sealed);
        relabelled[1] = otherIndex + 1;
        // What has no expiry counts as expired wherever one is required.
        if (LASTING.has(record.kind) && !LASTING.has(other.kind))
          expect(other.open(vault, relabelled)).toBeUndefined();
        else expect(errorOf(() => other.open(vault, relabelled)).code).toBe('not_authentic');
      }
    }
  });
});

describe('tampering', () => {
  for (const { kind, sealed, open } of RECORDS) {
    it(`a ${kind} does not open with any one bit flipped`, () => {
      for (let bit = 0; bit < sealed.length * 8; bit += 1) {
        const altered = Uint8Array.from(sealed);
        altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        let opened: unknown;
        try {
          opened = open(rotated, altered);
        } catch (error) {
          expect(error).toBeInstanceOf(VaultError);
        }
        // Only an expiry moved into the past answers without an error, and then with nothing.
        expect(opened).toBeUndefined();
      }
    });

    it(`a ${kind} does not open cut short, extended or rewrapped after an alteration of its header`, () => {
      for (let length = 0; length < sealed.length; length += 1) {
        expect(errorOf(() => open(vault, sealed.subarray(0, length)))).toBeInstanceOf(VaultError);
      }
      expect(errorOf(() => open(vault, Uint8Array.from([...sealed, 0]))).code).toBe('not_authentic');
      const laterExpiry = Uint8Array.from(sealed);
      laterExpiry[4] = (laterExpiry[4] ?? 0) ^ 1;
      expect(errorOf(() => rotated.rewrap(laterExpiry)).code).toBe('not_authentic');
    });
  }

  it('an arbitrary byte string is an error of ours, whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(errorOf(() => vault.openCard(bytes, OWNER))).toBeInstanceOf(VaultError);
      }),
    );
  });
});

describe('expiry', () => {
  it('cannot be set further away than fifteen minutes', () => {
    const far = NOW_MS + 10 * CVC_LIFETIME_MS;
    const sealed = vault.sealCvc('737', OWNER, far);
    expect(vault.openCvc(sealed, OWNER, NOW_MS + CVC_LIFETIME_MS - 1)).toBe('737');
    expect(vault.openCvc(sealed, OWNER, NOW_MS + CVC_LIFETIME_MS)).toBeUndefined();
    const parameters = vault.sealParameters({ a: 1 }, OWNER, far);
    expect(vault.openParameters(parameters, OWNER, NOW_MS + CVC_LIFETIME_MS)).toBeUndefined();
  });

  it('survives rotation', () => {
    const moved = rotated.rewrap(vault.sealCvc('737', OWNER, NOW_MS + 5));
    expect(rotated.openCvc(moved, OWNER, NOW_MS + 4)).toBe('737');
    expect(rotated.openCvc(moved, OWNER, NOW_MS + 5)).toBeUndefined();
  });

  it('holds against a clock that is not a number, and needs a whole number of milliseconds', () => {
    const sealed = vault.sealCvc('737', OWNER, NOW_MS + 5);
    expect(vault.openCvc(sealed, OWNER, Number.NaN)).toBeUndefined();
    for (const expiresAtMs of [Number.NaN, 0, -1, 1.5, Number.NEGATIVE_INFINITY]) {
      expect(errorOf(() => vault.sealCvc('737', OWNER, expiresAtMs)).code).toBe('invalid_input');
    }
  });
});

describe('rotation', () => {
  for (const { kind, sealed, open, content } of RECORDS) {
    it(`moves a ${kind} under the active key, and its content stays as it was`, () => {
      expect(open(rotated, sealed)).toEqual(content);
      const moved = rotated.rewrap(sealed);
      expect([vault.keyIdOf(sealed), vault.keyIdOf(moved)]).toEqual(['k1', 'k2']);
      const withoutOldKey = vaultWith({ activeId: 'k2', keys: { k2: KEYS.k2 } });
      expect(open(withoutOldKey, moved)).toEqual(content);
      expect(rotated.rewrap(moved)).toEqual(moved);

      const unknown = errorOf(() => open(withoutOldKey, sealed));
      expect([unknown.code, unknown.keyId]).toEqual(['unknown_key', 'k1']);
      expect(unknown.message).toContain('k1');
      expect(errorOf(() => withoutOldKey.rewrap(sealed)).code).toBe('unknown_key');
    });
  }

  it('another key under a known id opens nothing', () => {
    const impostor = vaultWith({ activeId: 'k1', keys: { k1: KEYS.k2 } });
    for (const { sealed, open } of RECORDS) {
      expect(errorOf(() => open(impostor, sealed)).code).toBe('not_authentic');
    }
  });

  it('refuses keys that cannot work, without showing them', () => {
    const short = Buffer.from('sixteen byte key');
    for (const keys of [
      { activeId: 'k1', keys: { k1: short } },
      { activeId: 'absent', keys: { k1: KEYS.k1 } },
      { activeId: 'a b', keys: { 'a b': KEYS.k1 } },
    ]) {
      const error = errorOf(() => vaultWith(keys));
      expect(['invalid_keys', 'unknown_key']).toContain(error.code);
      expect(error.message).not.toContain('sixteen');
    }
    expect(errorOf(() => vaultWith({ activeId: 'k1', keys: KEYS }, short)).code).toBe('invalid_keys');
  });
});

describe('errors', () => {
  it('name the rule, never the value', () => {
    const attempts = [
      () => vault.sealCard({ ...CARD, number: '4242 4242 4242 4242' }, OWNER),
      () => vault.sealCard({ ...CARD, expMonth: 13 }, OWNER),
      () => vault.sealCard({ ...CARD, expYear: 34 }, OWNER),
      () => vault.sealCard(CARD, ''),
      () => vault.sealCvc('73', OWNER, NOW_MS + 1),
      () => vault.sealCvc('737x', OWNER, NOW_MS + 1),
      () => vault.sealParameters(undefined, OWNER, NOW_MS + 1),
      () => vault.fingerprint('4242-4242-4242-4242', 'merchant'),
      () => vault.openCard(Buffer.from(CARD.number.repeat(20)), OWNER),
    ];
    for (const attempt of attempts) {
      const error = errorOf(attempt);
      const shown = `${error.message}${error.stack}${JSON.stringify(error)}${String(error.cause)}`;
      expect(shown).not.toMatch(/4242|737|Lovelace/);
    }
  });
});

describe('digests', () => {
  const number = fc.stringMatching(/^\d{12,19}$/);

  it('one card has one fingerprint at a merchant and another at every other', () => {
    fc.assert(
      fc.property(number, number, fc.string(), fc.string(), (a, b, merchant, other) => {
        fc.pre(a !== b && merchant !== other);
        const print = vault.fingerprint(a, merchant);
        expect(print).toMatch(/^fp_[a-z2-7]{26}$/);
        expect(rotated.fingerprint(a, merchant)).toBe(print);
        expect(vault.fingerprint(a, other)).not.toBe(print);
        expect(vault.fingerprint(b, merchant)).not.toBe(print);
      }),
    );
  });

  it('depend on the digest key, and differ by use', () => {
    const other = vaultWith({ activeId: 'k1', keys: KEYS }, randomBytes(32));
    expect(other.fingerprint(CARD.number, 'm')).not.toBe(vault.fingerprint(CARD.number, 'm'));
    expect(other.keyedDigest('{}')).not.toBe(vault.keyedDigest('{}'));
    expect(vault.keyedDigest('{}')).toBe(rotated.keyedDigest('{}'));
    expect(vault.keyedDigest('{} ')).not.toBe(vault.keyedDigest('{}'));
    expect(vault.keyedDigest('{}')).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('never change for one digest key (vectors computed outside this code)', () => {
    const fixed = vaultWith({ activeId: 'k1', keys: KEYS }, Buffer.alloc(32, 7));
    expect([fixed.fingerprint(CARD.number, 'mer_1'), fixed.keyedDigest('{"amount":1}')]).toEqual([
      'fp_psop4zataoaxt6rcox4ondojhz',
      'lhK5SG2yhxzCOtflHS6J6RlbXck3FxINLz32uJTxfMI',
    ]);
  });
});
