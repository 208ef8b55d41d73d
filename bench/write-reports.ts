import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';

import { originLine } from './print-report.ts';
import { type BenchReport, FIGURE_HEAD, figureRow, isReached, probeLine, processorTable } from './report.ts';

const DATA_FILE = 'docs/benchmarks.json';
const PAGE_FILE = 'docs/benchmarks.md';
const README_FILE = 'README.md';
const README_MARKS = /(<!-- figures -->\n)[\s\S]*?(\n<!-- \/figures -->)/;
const PRINT_WIDTH = 120;

const PREFACE = `# Benchmarks

Written by \`npm run bench -- all --write\` from [benchmarks.json](benchmarks.json), where every single run is. Each figure is the
median of its runs. Absolute figures drift by a quarter and more on shared machines: compare them by the probe, which is about
1,000,000 on the class of machine the wanted figures are for. The processor time per event hardly drifts.`;

/** Keeps the reports beside those of the other commands and writes the page and the README's table anew. */
export async function writeReports(reports: readonly BenchReport[]): Promise<void> {
  const kept = new Map(readKept().map((report) => [report.command, report]));
  for (const report of reports) kept.set(report.command, report);
  const all = [...kept.values()];
  await writeFormatted(DATA_FILE, JSON.stringify(all), 'json');
  await writeFormatted(PAGE_FILE, [PREFACE, ...all.map(section)].join('\n\n'), 'markdown');
  const readme = readFileSync(README_FILE, 'utf8');
  if (!README_MARKS.test(readme)) throw new Error('README.md has no marks <!-- figures --> … <!-- /figures -->');
  const figures = summary(all);
  const filled = readme.replace(README_MARKS, (_all, open: string, close: string) => `${open}${figures}${close}`);
  await writeFormatted(README_FILE, filled, 'markdown');
}

function readKept(): BenchReport[] {
  return existsSync(DATA_FILE) ? (JSON.parse(readFileSync(DATA_FILE, 'utf8')) as BenchReport[]) : [];
}

async function writeFormatted(file: string, text: string, parser: 'json' | 'markdown'): Promise<void> {
  const options = { parser, printWidth: PRINT_WIDTH, singleQuote: true, trailingComma: 'all' } as const;
  writeFileSync(file, await format(text, options));
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function section(report: BenchReport): string {
  const [name = '', ...rest] = report.title.split(': ');
  const [head, ...rows] = processorTable(report.processors);
  const settings = Object.entries(report.settings).map(([setting, value]) => `${setting} ${value}`);
  return [
    `## ${name}`,
    `${rest.join(': ')}.`,
    markdownTable(FIGURE_HEAD, report.measures.map(figureRow)),
    ...(head === undefined ? [] : [markdownTable(head, rows)]),
    report.notes.map((note) => `- ${note}`).join('\n'),
    `Settings: ${settings.join(', ')}. ${probeLine(report.probe)}`,
    originLine(report),
  ].join('\n\n');
}

/** The README shows what has a target; the page has the rest. */
function summary(reports: readonly BenchReport[]): string {
  const rows = reports.flatMap((report) =>
    report.measures
      .filter((measure) => isReached(measure) !== null)
      .map((measure) => [`\`${report.command}\``, ...figureRow(measure)]),
  );
  const origins = [...new Set(reports.map(originLine))];
  const probes = reports.flatMap(({ probe }) => [probe.before.commandsPerSecond, probe.after.commandsPerSecond]);
  const span = [Math.min(...probes), Math.max(...probes)].map((value) => value.toLocaleString('en-US')).join(' to ');
  return [
    markdownTable(['bench', ...FIGURE_HEAD], rows),
    `Probe during these runs: ${span} HINCRBY/s. Processor time per event, settings and what each figure means: [docs/benchmarks.md](docs/benchmarks.md).`,
    ...origins,
  ].join('\n\n');
}
