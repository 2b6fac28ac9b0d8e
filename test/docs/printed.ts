/** The page with what is printed from the code in its place, whatever stands there now. */
export function withPrinted(page: string, from: string, printed: string): string {
  const block = new RegExp(
    `(<!-- printed from ${from} by test/docs/[\\w.-]+ -->\\n)[^]*?(<!-- until here -->)`,
  );
  if (!block.test(page)) throw new Error(`the page has no place for ${from}`);
  return page.replace(block, (_all, begin: string, end: string) => `${begin}${printed}\n${end}`);
}

/** A Markdown table. A bar in a cell would end it. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
