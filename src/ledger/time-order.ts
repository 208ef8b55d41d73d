/** Finer is better until a bucket holds less than a page of the index has room for. */
const BUCKETS = 1_024;

/**
 * The places of rows, nearly in the order of their instants (epoch microseconds): by buckets of equal length, which costs a hundredth of sorting. The key of
 * `usage_event` begins with the instant, so rows that come in this order find the page of the index that the row before has left
 * in the processor's cache.
 */
export function nearlyByTime(instants: Float64Array): Uint32Array {
  let earliest = Infinity;
  let latest = -Infinity;
  for (const instant of instants) {
    if (instant < earliest) earliest = instant;
    if (instant > latest) latest = instant;
  }
  const perMicro = (BUCKETS - 1) / Math.max(latest - earliest, 1);
  const buckets = new Uint16Array(instants.length);
  const starts = new Uint32Array(BUCKETS + 1);
  for (let place = 0; place < instants.length; place += 1) {
    const bucket = Math.trunc(((instants[place] ?? earliest) - earliest) * perMicro);
    buckets[place] = bucket;
    starts[bucket + 1] = (starts[bucket + 1] ?? 0) + 1;
  }
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    starts[bucket + 1] = (starts[bucket + 1] ?? 0) + (starts[bucket] ?? 0);
  }
  const order = new Uint32Array(instants.length);
  for (let place = 0; place < instants.length; place += 1) {
    const bucket = buckets[place] ?? 0;
    const at = starts[bucket] ?? 0;
    order[at] = place;
    starts[bucket] = at + 1;
  }
  return order;
}
