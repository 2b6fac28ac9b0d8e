import type { CatalogueEntry, Scope } from './schema.ts';

/** Whether a scope means a value. An unknown value is in every scope: what isn't known eliminates nobody. */
export function inScope({ only, except }: Scope, value: string | undefined): boolean {
  if (value === undefined) return true;
  return (only === undefined || only.includes(value)) && !(except?.includes(value) ?? false);
}

export type ConnectorState = 'current' | 'deprecated' | 'retired' | 'unlisted';

/** What the catalogue says of a connector version at a time. One that it doesn't list may be sent by: it ships. */
export function connectorOf(entry: CatalogueEntry, version: string, atMs: number): ConnectorState {
  const listed = entry.connector.versions.find((each) => each.version === version);
  if (listed === undefined) return 'unlisted';
  if (listed.retired === true) return 'retired';
  return listed.deprecatedAfterMs !== undefined && atMs > listed.deprecatedAfterMs ? 'deprecated' : 'current';
}
