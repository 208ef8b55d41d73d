/** The text format of Prometheus, read strictly: what is no comment, no sample or no type of it fails the test. */
export interface Metrics {
  /** The value of one series, as `name{label="value"}`; 0 when there is none. */
  value(series: string): number;
  /** All series of a name. */
  series(name: string): readonly string[];
  /** Name → type, as declared. */
  readonly types: ReadonlyMap<string, string>;
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|NaN|[+-]Inf)$/;
const COMMENT = /^# (HELP|TYPE) (\S+) (.+)$/;

/** Reads what `GET /metrics` answered. @throws Error naming the first line that is not of the format */
export function readMetrics(text: string): Metrics {
  const types = new Map<string, string>();
  const values = new Map<string, number>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const comment = COMMENT.exec(line);
    if (comment?.[1] === 'TYPE') types.set(comment[2] ?? '', comment[3] ?? '');
    if (comment !== null) continue;
    const sample = SAMPLE.exec(line);
    if (sample === null) throw new Error(`not of the text format: ${line}`);
    const [, name = '', labels = '', value = ''] = sample;
    const family = name.replace(/_(bucket|sum|count)$/, '');
    if (!types.has(name) && !types.has(family)) throw new Error(`${name} was declared with no type`);
    if (values.has(name + labels)) throw new Error(`${name}${labels} is told twice`);
    values.set(name + labels, Number(value.replace('Inf', 'Infinity')));
  }
  return {
    types,
    value: (series) => values.get(series) ?? 0,
    series: (name) => [...values.keys()].filter((key) => key === name || key.startsWith(`${name}{`)),
  };
}
