import type { Edges } from '../../domain/machine.ts';

/** A state machine's table as a Mermaid diagram: in at the first state, out at those that lead nowhere. */
export function stateDiagram<State extends string>(edges: Edges<State>): string {
  const states = Object.keys(edges) as State[];
  const lines = states.flatMap((from) => {
    const to: readonly State[] = edges[from];
    return to.length === 0 ? [`${from} --> [*]`] : to.map((each) => `${from} --> ${each}`);
  });
  return ['stateDiagram-v2', `[*] --> ${states[0]}`, ...lines].join('\n    ');
}

/** Between these comments a page holds the diagram. */
const BLOCK = /(<!-- drawn from \w+ by test\/docs\/diagram\.ts -->\n)[\s\S]*?(<!-- until here -->)/;

/** The page with the diagram in its place, whatever stands there now. */
export function withDiagram(page: string, diagram: string): string {
  if (!BLOCK.test(page)) throw new Error('the page has no place for a diagram');
  return page.replace(BLOCK, (_all, begin: string, end: string) =>
    [begin, '```mermaid\n', `${diagram}\n`, '```\n', end].join(''),
  );
}
