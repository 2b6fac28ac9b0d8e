/**
 * A state machine as data: for every state, the states it may move to. Exhaustive by type, so a new
 * state does not compile until its row is written; a state with no way out is terminal.
 */
export type Edges<State extends string> = { readonly [From in State]: readonly State[] };

/** Whether the table lists the edge. Staying where one is counts as no move and is always allowed. */
export function canMove<State extends string>(edges: Edges<State>, from: State, to: State): boolean {
  return from === to || edges[from].includes(to);
}

export function isTerminal<State extends string>(edges: Edges<State>, state: State): boolean {
  return edges[state].length === 0;
}

/** Where a machine may end: for those who ask for many at once, in SQL. */
export function terminalStates<State extends string>(edges: Edges<State>): readonly State[] {
  return (Object.keys(edges) as State[]).filter((state) => isTerminal(edges, state));
}

/** A bug, not a fault: the code reached a place that its own rules exclude. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Closes a switch over a union: a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unhandled case: ${JSON.stringify(value)}`);
}
