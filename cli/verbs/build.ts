import { buildWorkflowBundle, bundlePath } from '../stack/workflow-bundle.ts';
import type { Verb } from '../verb.ts';

const verb: Verb = {
  summary: 'prebuild the workflow bundle for production workers',
  usage: `Usage: ./interlock build

Bundles workflows/index.ts into dist/workflow-bundle.js. A worker that is started with
INTERLOCK_WORKFLOW_BUNDLE=dist/workflow-bundle.js loads it instead of bundling at its start.`,
  run: async () => {
    const { bytes } = await buildWorkflowBundle();
    console.log(`${bundlePath()} (${Math.round(bytes / 1024)} KB)`);
    return 0;
  },
};

export default verb;
