/** One thing that is wrong with a catalogue file: where, what, and how to mend it. */
export interface CatalogueProblem {
  /** From 1; `null` for a problem that no place of the text has. */
  readonly line: number | null;
  readonly column: number | null;
  /** The field, names joined with dots, list positions in brackets: `plans[0].charges[1].price.unitPrice`. Empty: the file. */
  readonly path: string;
  readonly message: string;
}

/** Names and positions on the way from the top of the file to a field. */
export type FieldPath = readonly (string | number)[];

/** Writes a path as problems show it. */
export function fieldPathText(path: FieldPath): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

/** One line for people: `catalog.yaml:12:5 plans[0].baseFee: must be …`. */
export function problemLine(fileName: string, problem: CatalogueProblem): string {
  const place = problem.line === null ? fileName : `${fileName}:${problem.line}:${problem.column ?? 1}`;
  return problem.path === '' ? `${place} ${problem.message}` : `${place} ${problem.path}: ${problem.message}`;
}

/** Thrown when a catalogue file cannot be applied. Nothing was changed. */
export class CatalogueError extends Error {
  override readonly name = 'CatalogueError';
  readonly fileName: string;
  readonly problems: readonly CatalogueProblem[];

  constructor(fileName: string, problems: readonly CatalogueProblem[]) {
    super(problems.map((problem) => problemLine(fileName, problem)).join('\n'));
    this.fileName = fileName;
    this.problems = problems;
  }
}

/** `charges[0].price.bands[1].upTo` as names and positions. */
export function fieldPathOf(path: string): FieldPath {
  return [...path.matchAll(/([^.[\]]+)/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
}
