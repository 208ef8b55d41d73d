/** More reasons than this nobody reads, and a workflow's history, which takes 2 MB of one answer, keeps them for years. */
const REASONS_MAX = 50;

/** The first of many sentences, and how many more there are: a meter that is wrong may be wrong in every place. */
export function boundedReasons(reasons: readonly string[]): readonly string[] {
  const more = reasons.length - REASONS_MAX;
  return more <= 0 ? reasons : [...reasons.slice(0, REASONS_MAX), `and ${more} more`];
}
