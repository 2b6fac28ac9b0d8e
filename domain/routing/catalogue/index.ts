export { catalogueId } from './identity.ts';
export { type ConnectorState, connectorOf, inScope } from './look-up.ts';
export { PROVIDER_CATALOGUE, REFERENCE_RATES } from './providers/index.ts';
export { type CatalogueAccount, resolveCatalogue, UNLISTED_ENTRY } from './resolve.ts';
export {
  type Catalogue,
  type CatalogueEntry,
  type CatalogueOverrides,
  catalogueEntrySchema,
  catalogueOverridesSchema,
  catalogueSchema,
  type ProviderListing,
  type Scope,
} from './schema.ts';
