import { CatalogueError, problemLine } from '../catalog/catalogue-problem.ts';
import { ApiError } from './api-error.ts';

/** What is wrong with a catalogue file as a 422: the first problem is the message, one line; all of them are in `problems`. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof CatalogueError)) return error;
  const [first] = error.problems;
  if (first === undefined) return error;
  const rest = error.problems.length - 1;
  const more = rest === 0 ? '' : ` (and ${rest} more ${rest === 1 ? 'problem' : 'problems'})`;
  return new ApiError({
    status: 422,
    code: 'invalid_catalogue',
    message: problemLine(error.fileName, first) + more,
    ...(first.path === '' ? {} : { path: first.path }),
    members: { problems: error.problems },
  });
}
