import type { ApiDeps } from './api-deps.ts';

/**
 * After the commit of a change: this process and Redis are told, and whatever else is to know of it. Each of them also finds out by
 * itself (a poll, a refused group, the worker's sweep), so a failure here is logged and the change has succeeded all the same.
 */
export async function spreadCatalogue(
  deps: Pick<ApiDeps, 'catalogue' | 'announceCatalogue' | 'log'>,
  catalogueVersion: number,
  others: readonly Promise<unknown>[] = [],
): Promise<void> {
  const told = await Promise.allSettled([deps.catalogue.reload(), deps.announceCatalogue(catalogueVersion), ...others]);
  for (const result of told) {
    if (result.status === 'rejected') deps.log.warn({ err: result.reason as unknown }, 'a change was not announced');
  }
}
