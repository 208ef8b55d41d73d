import { cpus, totalmem } from 'node:os';
import Table from 'cli-table3';

import { type BenchReport, FIGURE_HEAD, figureRow, probeLine, processorTable } from './report.ts';

/** Cores, memory and Node of this machine in one line. */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown';
  return `${processors.length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

/** The line that says when, where and how the figures were measured. */
export function originLine({ machine, versions, at, commandLine }: BenchReport): string {
  const parts = [versions === '' ? machine : `${machine}, ${versions}`, at.slice(0, 10), `\`${commandLine}\``];
  return `${parts.join('; ')}.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const drawn = new Table({ head: [...head], style: { head: [], border: [] } });
  drawn.push(...rows.map((row) => [...row]));
  return drawn.toString();
}

/** Prints a report for people. */
export function printReport(report: BenchReport): void {
  const lines = [report.title, table(FIGURE_HEAD, report.measures.map(figureRow))];
  const [head, ...rows] = processorTable(report.processors);
  if (head !== undefined) lines.push(table(head, rows));
  const settings = Object.entries(report.settings).map(([name, value]) => `${name} ${value}`);
  lines.push(...report.notes, `Settings: ${settings.join(', ')}.`, probeLine(report.probe), originLine(report), '');
  console.log(lines.join('\n'));
}
