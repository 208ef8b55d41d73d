import type { EventResult } from '../../src/domain/outcome.ts';
import { type CaseExpectation, expandOutcomes } from './ingest-case.ts';

/** What the service answered to one request of a case. */
export interface CaseAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: unknown;
}

/** Sentences `expected …, got …` for everything that differs; empty when the answer is as the case demands. */
export function compareAnswer(answer: CaseAnswer, expected: CaseExpectation): string[] {
  if (answer.status !== expected.status) {
    return [`expected status ${expected.status}, got ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`];
  }
  if (expected.outcomes === null) return compareError(answer);
  const { results } = (answer.body ?? {}) as { results?: readonly EventResult[] };
  if (!Array.isArray(results)) return [`expected results, got ${JSON.stringify(answer.body).slice(0, 200)}`];
  const outcomes = results.map(({ outcome }) => outcome).join(' ');
  const wanted = expandOutcomes(expected.outcomes).join(' ');
  if (outcomes !== wanted) return [`expected ${wanted}, got ${outcomes}`];
  return comparePaths(results, expected);
}

function compareError({ status, headers, body }: CaseAnswer): string[] {
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown } };
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') {
    return [`expected an error with code and message, got ${JSON.stringify(body).slice(0, 200)}`];
  }
  if (status === 401 && headers['www-authenticate'] === undefined) return ['expected WWW-Authenticate, got none'];
  return [];
}

function comparePaths(results: readonly EventResult[], { path, paths }: CaseExpectation): string[] {
  const differences: string[] = [];
  const first = results.find(({ outcome }) => outcome === 'invalid')?.path;
  if (path !== null && first !== path) differences.push(`expected path ${path}, got ${String(first)}`);
  for (const [index, wanted] of (paths ?? []).entries()) {
    const found = results[index]?.path;
    if (wanted !== null && found !== wanted)
      differences.push(`expected path ${wanted} of event ${index}, got ${String(found)}`);
  }
  return differences;
}
