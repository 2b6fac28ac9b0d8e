/** `node --import tsx bundle.ts <file>`: a process of its own, which takes the bundler's memory with it. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { failureConverterPath } from '../../../client/codec/index.ts';

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('where to?');
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./bundle-entry.ts', import.meta.url)),
  failureConverterPath,
  workflowInterceptorModules: [fileURLToPath(new URL('../../../workflows/tracing.ts', import.meta.url))],
  logger: new DefaultLogger('WARN'),
});
writeFileSync(target, code);
