import type { z } from 'zod';

import { CATALOGUE_FILE } from './catalogue-file.ts';
import type { CatalogueFile } from './catalogue-file.ts';
import { CatalogueError, fieldPathText } from './catalogue-problem.ts';
import type { CatalogueProblem, FieldPath } from './catalogue-problem.ts';
import { CATALOGUE_BYTES_MAX, readYaml } from './yaml-source.ts';
import type { YamlSource } from './yaml-source.ts';

/** A file whose form is right, with the means to say where in it something stands. */
export interface ParsedCatalogue {
  readonly fileName: string;
  readonly file: CatalogueFile;
  /** A problem at a field, with its place. */
  readonly problemAt: (path: FieldPath, message: string) => CatalogueProblem;
}

/**
 * Reads a catalogue file (YAML 1.2, and so JSON too).
 *
 * @param fileName as the person who sent it knows it; only ever printed
 * @throws CatalogueError naming every problem of form with line, column, field and cure
 */
export function parseCatalogue(text: string, fileName: string): ParsedCatalogue {
  if (Buffer.byteLength(text) > CATALOGUE_BYTES_MAX) {
    const message = `is larger than ${CATALOGUE_BYTES_MAX} bytes: split it, apply takes one part after the other`;
    throw new CatalogueError(fileName, [{ line: null, column: null, path: '', message }]);
  }
  const source = readYaml(text);
  if ('problems' in source) throw new CatalogueError(fileName, source.problems);
  const problemAt = (path: FieldPath, message: string, key = false): CatalogueProblem => ({
    ...source.locate(path, key),
    path: fieldPathText(path),
    message,
  });
  const parsed = CATALOGUE_FILE.safeParse(source.value);
  if (!parsed.success) throw new CatalogueError(fileName, problemsOf(parsed.error.issues, source, problemAt));
  return { fileName, file: parsed.data, problemAt };
}

function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  source: YamlSource,
  problemAt: (path: FieldPath, message: string, key?: boolean) => CatalogueProblem,
): CatalogueProblem[] {
  const problems = issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((name) => problemAt([...path, name], 'is not a field that is known here: remove it', true));
    }
    return [problemAt(path, isMissing(source, path) ? 'is required and missing' : issue.message)];
  });
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** Whether the file lacks the field altogether: then "must be text" would point at nothing. */
function isMissing(source: YamlSource, path: FieldPath): boolean {
  let value: unknown = source.value;
  for (const part of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) return true;
    value = (value as Record<string | number, unknown>)[part];
  }
  return false;
}
