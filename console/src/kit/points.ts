/** A line between fewer values than these hardly shows that there are any. */
const FEW = 24;

/** Which values of a line are drawn as dots: all of a few, else those that stand alone, which no line would show. */
export function dotsOf(values: readonly (number | null)[]): number[] {
  const present = values.flatMap((value, index) => (value === null ? [] : [index]));
  if (present.length <= FEW) return present;
  const isAt = (index: number) => values[index] !== null && values[index] !== undefined;
  return present.filter((index) => !isAt(index - 1) && !isAt(index + 1));
}

/** More would leave a small chart nothing but its labels; the table beside it has the whole of them. */
const LONGEST = 18;

/** What stands between the parts of a name. */
export const BETWEEN = ' · ';

/** A bar's label, cut where it is too long to stand beside others. */
export function labelOf(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** The parts of a bar's name, one below the other: cut at its end, names that begin alike would be one. */
export function linesOf(text: string): readonly string[] {
  return text.split(BETWEEN).map(labelOf);
}

/** So wide is a letter of the axis, on average. */
const LETTER_PX = 6.2;

/** How many pixels the longest of these labels takes. */
export function widthOf(labels: readonly string[]): number {
  return Math.max(0, ...labels.map((label) => label.length)) * LETTER_PX;
}

/** Whether labels beside each other, each of these lines, would run into each other in this width. */
export function isCrowded(labels: readonly (readonly string[])[], widthPx: number): boolean {
  return (widthOf(labels.flat()) + 8) * labels.length > widthPx;
}
