/** One row: a text to the left, a quantity and an amount to the right. */
export type TableRow = readonly [description: string, quantity: string, amount: string];

const COLUMN_GAP = '  ';

/** Writes groups of rows in one set of columns, a rule between the groups. Widths are in characters, not bytes. */
export function alignedTable(groups: readonly (readonly TableRow[])[]): string[] {
  const rows = groups.flat();
  const widthOf = (column: 0 | 1 | 2): number => Math.max(0, ...rows.map((row) => characters(row[column])));
  const widths = [widthOf(0), widthOf(1), widthOf(2)] as const;
  const rule = '-'.repeat(widths[0] + widths[1] + widths[2] + 2 * COLUMN_GAP.length);
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group, index) => [
      ...(index === 0 ? [] : [rule]),
      ...group.map(([description, quantity, amount]) =>
        [padEnd(description, widths[0]), padStart(quantity, widths[1]), padStart(amount, widths[2])].join(COLUMN_GAP),
      ),
    ]);
}

/** Writes labels in one column and their lines in the next; a label without lines is left out. */
export function labelled(entries: readonly (readonly [label: string, lines: readonly string[]])[]): string[] {
  const width = Math.max(0, ...entries.map(([label]) => characters(label)));
  return entries.flatMap(([label, lines]) =>
    lines.map((line, index) => `${padEnd(index === 0 ? label : '', width)}${COLUMN_GAP}${line}`),
  );
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function characters(text: string): number {
  return [...graphemes.segment(text)].length;
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - characters(text)));
}

function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - characters(text))) + text;
}
