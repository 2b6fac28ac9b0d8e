/** The invariants of reliability.md, section 2, as far as a world without a network card can break them. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I9' | 'bug';

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

export function insist(holds: boolean, invariant: Invariant, message: () => string): void {
  if (!holds) throw new Violation(invariant, message());
}
