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

/** The table for a page of documentation. */
export function markdownTable(reports: readonly FaultReport[]): string {
  const lines = [HEADINGS, HEADINGS.map(() => '---'), ...reports.map(rowOf)];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
