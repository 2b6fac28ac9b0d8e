import type { Finding } from './finding.ts';
import type { View } from './view.ts';

/** I10: replay. Every stored history replays against the code that runs; that there are none is a failure too. */
export function checkReplay(view: View): Finding[] {
  const { workflows } = view.evidence;
  if (workflows.length === 0)
    return [{ invariant: 'I10', subject: 'storm', what: 'left no history, so nothing was replayed' }];
  return workflows.flatMap(({ workflowId, replayError }) =>
    replayError === undefined
      ? []
      : [{ invariant: 'I10' as const, subject: workflowId, what: `does not replay: ${replayError}` }],
  );
}
