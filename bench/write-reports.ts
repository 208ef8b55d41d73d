import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format } from 'prettier';

import { originLine } from './print-report.ts';
import {
  type BenchReport,
  FIGURE_HEAD,
  figureRow,
  isReached,
  PROBE_REFERENCE,
  probeLine,
  processorTable,
} from './report.ts';

const DATA_FILE = 'docs/benchmarks.json';
const PAGE_FILE = 'docs/benchmarks.md';
const README_FILE = 'README.md';
const README_MARKS = /(<!-- figures -->\n)[\s\S]*?(\n<!-- \/figures -->)/;
const PRINT_WIDTH = 120;

const PREFACE = `# Benchmarks

Written by \`npm run bench -- all --write\` from [benchmarks.json](benchmarks.json), where every single run is. Each figure is the
median of its runs. Absolute figures drift by a quarter and more on shared machines: compare them by the probe, which is about
${PROBE_REFERENCE.toLocaleString('en-US')} on the class of machine the wanted figures are for. The processor time per event hardly drifts.`;

/**
 * Keeps the reports beside those of the other commands and writes the page and the README's table anew.
 *
 * @param folder of the repository
 */
export async function writeReports(reports: readonly BenchReport[], folder = '.'): Promise<void> {
  const dataFile = join(folder, DATA_FILE);
  const readmeFile = join(folder, README_FILE);
  const kept = new Map(readKept(dataFile).map((report) => [report.command, report]));
  for (const report of reports) kept.set(report.command, report);
  const all = [...kept.values()];
  const readme = readFileSync(readmeFile, 'utf8');
  if (!README_MARKS.test(readme)) throw new Error('README.md has no marks <!-- figures --> … <!-- /figures -->');
  await writeFormatted(dataFile, JSON.stringify(all), 'json');
  await writeFormatted(join(folder, PAGE_FILE), [PREFACE, ...all.map(section)].join('\n\n'), 'markdown');
  const figures = summary(all);
  const filled = readme.replace(README_MARKS, (_all, open: string, close: string) => `${open}${figures}${close}`);
  await writeFormatted(readmeFile, filled, 'markdown');
}

function readKept(file: string): BenchReport[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BenchReport[]) : [];
}

async function writeFormatted(file: string, text: string, parser: 'json' | 'markdown'): Promise<void> {
  const options = { parser, printWidth: PRINT_WIDTH, singleQuote: true, trailingComma: 'all' } as const;
  writeFileSync(file, await format(text, options));
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(markdownRow).join('\n');
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
  const probes = reports.flatMap(({ probe }) => [probe.before.commandsPerSecond, probe.after.commandsPerSecond]);
  const span = [Math.min(...probes), Math.max(...probes)].map((value) => value.toLocaleString('en-US')).join(' to ');
  return [
    markdownTable(['bench', ...FIGURE_HEAD], rows),
    `Probe during these runs: ${span} HINCRBY/s. Processor time per event, settings and what each figure means: [docs/benchmarks.md](docs/benchmarks.md).`,
    ...sharedOrigins(reports),
  ].join('\n\n');
}

/** One line for what was measured on one machine on one day: each section of the page has its own. */
function sharedOrigins(reports: readonly BenchReport[]): string[] {
  const groups = Map.groupBy(reports, ({ machine, at }) => `${machine}|${at.slice(0, 10)}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const versions = new Set(
      group.flatMap((report) => report.versions.split(', ').filter((version) => version !== '')),
    );
    const commands = group.map(({ command }) => `\`${command}\``).join(', ');
    const where = [first.machine, ...versions].join(', ');
    return [`${where}; ${first.at.slice(0, 10)}; \`npm run bench -- COMMAND --write\`, with ${commands}.`];
  });
}
