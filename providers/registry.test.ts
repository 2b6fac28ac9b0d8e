import { describe, expect, it } from 'vitest';
import { providerByName, providers } from './registry.ts';

describe('an adapter', () => {
  it('is found by its name, and by a version that ships', () => {
    for (const provider of providers) {
      expect(providerByName(provider.name, provider.connectorVersion)).toBe(provider);
      expect(providerByName(provider.name)?.name).toBe(provider.name);
    }
  });

  it('is the current one where the version that is asked for ships no more', () => {
    const [first] = providers;
    expect(providerByName(first?.name ?? '', 'long gone')).toBe(first);
  });

  it('that nobody wrote is not there', () => {
    expect(providerByName('nobody', '1')).toBeUndefined();
  });

  it('ships each of its versions once', () => {
    const names = providers.map(({ name, connectorVersion }) => `${name} ${connectorVersion}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
