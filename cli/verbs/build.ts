import { parseArgs } from 'node:util';
import { buildConsole, consolePath, generateConsoleTypes } from '../stack/console-build.ts';
import { buildWorkflowBundle, bundlePath } from '../stack/workflow-bundle.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'prebuild the workflow bundle for workers and the console for the API',
  usage: `Usage: ./interlock build [--workflows] [--console] [--types]

Bundles workflows/index.ts into dist/workflow-bundle.js and the console into dist/console, and writes the console's types
of the API. A worker that is started with INTERLOCK_WORKFLOW_BUNDLE=dist/workflow-bundle.js loads the bundle instead of
bundling at its start; an API with INTERLOCK_CONSOLE_DIR=dist/console serves the console at /console.

  --workflows   only the bundle
  --console     only the console
  --types       only the console's types of the API, which its type check needs`,
  run: async (argv) => {
    const { values } = parseArgs({
      args: argv,
      options: {
        workflows: { type: 'boolean', default: false },
        console: { type: 'boolean', default: false },
        types: { type: 'boolean', default: false },
      },
    });
    const isAll = !values.workflows && !values.console && !values.types;
    if (isAll || values.workflows) {
      const { bytes } = await buildWorkflowBundle();
      console.log(`${bundlePath()} (${Math.round(bytes / 1024)} KB)`);
    }
    if (isAll || values.types) await generateConsoleTypes();
    if (isAll || values.console) {
      const { files, gzipBytes } = await buildConsole();
      console.log(`${consolePath()} (${files} files, ${Math.round(gzipBytes / 1024)} KB compressed)`);
    }
    return 0;
  },
};

export default verb;
