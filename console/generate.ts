/**
 * Writes src/api/schema.d.ts: the types of the HTTP API, from the OpenAPI document that the API itself serves. The one
 * place where the console's folder knows the API's code, and only while it is built.
 */
import { writeFileSync } from 'node:fs';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { describeApi } from '../api/app.ts';

const document: unknown = JSON.parse(JSON.stringify(describeApi()));
const nodes = await openapiTS(document as OpenAPI3, { alphabetize: true, rootTypes: false });
writeFileSync(new URL('./src/api/schema.d.ts', import.meta.url), astToString(nodes));
