import Table from 'cli-table3';
import type { RoundReport } from './play-round.ts';
import type { FaultReport } from './run-fault.ts';

const HEADINGS = [
  'fault',
  'rounds',
  'acknowledged',
  'lost',
  'named',
  'doubled',
  'over limit',
  'counters',
  'recovered ms (median, longest)',
  '503s',
  'longest answer ms',
] as const;

function total(rounds: readonly RoundReport[], field: (round: RoundReport) => number): number {
  return rounds.reduce((sum, round) => sum + field(round), 0);
}

function highest(rounds: readonly RoundReport[], field: (round: RoundReport) => number): number {
  return rounds.reduce((most, round) => Math.max(most, field(round)), 0);
}

function recovery(rounds: readonly RoundReport[]): string {
  const times = rounds.flatMap(({ recoveryMs }) => (recoveryMs === null ? [] : [recoveryMs])).toSorted((a, b) => a - b);
  if (times.length === 0) return '–';
  return `${format(times[Math.floor(times.length / 2)] ?? 0)}, ${format(times.at(-1) ?? 0)}`;
}

function format(value: number): string {
  return value.toLocaleString('en-US');
}

function countersOf(rounds: readonly RoundReport[]): string {
  const differing = rounds.filter(({ counters }) => counters !== null).length;
  return differing === 0 ? 'agree' : `differ in ${differing}`;
}

function rowOf({ title, skipped, rounds }: FaultReport): string[] {
  if (skipped !== null)
    return [title, `not possible here: ${skipped}`, ...Array.from({ length: HEADINGS.length - 2 }, () => '–')];
  return [
    title,
    format(rounds.length),
    format(total(rounds, (round) => round.acknowledged)),
    format(total(rounds, (round) => round.lost)),
    format(total(rounds, (round) => round.named)),
    format(total(rounds, (round) => round.doubled)),
    format(highest(rounds, (round) => round.limitExceededBy)),
    countersOf(rounds),
    recovery(rounds),
    format(total(rounds, (round) => round.unavailable)),
    format(highest(rounds, (round) => round.longestAnswerMs)),
  ];
}

/** The table for a terminal. */
export function terminalTable(reports: readonly FaultReport[]): string {
  const table = new Table({ head: [...HEADINGS], style: { head: [], border: [] }, wordWrap: true });
  table.push(...reports.map(rowOf));
  return table.toString();
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The first cell of a row of such a table; undefined for any other line. */
function titleOf(line: string): string | undefined {
  return /^\| *(.*?) *\|/.exec(line)?.[1];
}

/**
 * The table for a page of documentation. Faults that were not played now keep the row they had.
 *
 * @param before the table that is there, or anything else
 * @param titles of all faults, in the order of the table
 * @param playedOn the day, for the last column
 */
export function markdownTable(
  reports: readonly FaultReport[],
  {
    before,
    titles,
    playedOn,
  }: { readonly before: string; readonly titles: readonly string[]; readonly playedOn: string },
): string {
  const rows = new Map(
    before.split('\n').flatMap((line) => {
      const title = titleOf(line);
      return title === undefined ? [] : [[title, line.replaceAll(/ +/g, ' ')] as const];
    }),
  );
  for (const report of reports) rows.set(report.title, markdownRow([...rowOf(report), playedOn]));
  const head = [...HEADINGS, 'played'];
  const lines = [head, head.map(() => '---')].map(markdownRow);
  return [...lines, ...titles.flatMap((title) => rows.get(title) ?? [])].join('\n');
}
