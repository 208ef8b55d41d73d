/**
 * `npm run bench`: measures the road from HTTP to committed rows on this machine and prints the figures as a table, or as
 * JSON with `--json`. `--write` puts them into the README's table of figures.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import Table from 'cli-table3';
import { Command } from 'commander';
import { type IngestReport, benchIngest } from './ingest.ts';

const program = new Command('npm run bench --')
  .description(
    'Starts PostgreSQL, Redis (durable profile) and Temporal on a data folder of its own, one API process and one worker, ' +
      'and sends batches of 100 events until they are rows in PostgreSQL. Takes about a minute.',
  )
  .option('--json', 'print the report as JSON', false)
  .option('--write', 'put the figures into README.md, between the marks "figures"', false);

const MARKS = /(<!-- figures -->\n)[\s\S]*?(\n<!-- \/figures -->)/;

function describeMachine(): string {
  const processors = cpus();
  return `${processors.length} cores (${processors[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}

function format(value: number): string {
  return value.toLocaleString('en-US');
}

function figureRows(report: IngestReport): (readonly [string, string])[] {
  const rates = report.runs.map(({ eventsPerSecond }) => eventsPerSecond);
  return [
    ['events/s, batches of 100, HTTP to committed rows', format(report.medianEventsPerSecond)],
    ['range of five runs', `${format(Math.min(...rates))} – ${format(Math.max(...rates))}`],
    ['events/s answered (before the drain has caught up)', format(report.medianAnsweredPerSecond)],
    [
      'probe: HINCRBY/s, pipelines of 16, before and after',
      `${format(report.probeBefore)}, ${format(report.probeAfter)}`,
    ],
  ];
}

function markdown(report: IngestReport, machine: string, date: string): string {
  const rows = figureRows(report).map(([name, value]) => `| ${name} | ${value} |`);
  return ['| figure | value |', '| --- | --- |', ...rows, '', `${machine}; ${date}; \`npm run bench -- --write\``].join(
    '\n',
  );
}

const flags = program.parse().opts<{ json: boolean; write: boolean }>();
const report = await benchIngest((line) => console.error(line));
const machine = `${describeMachine()}, ${report.versions}`;
const date = new Date().toISOString().slice(0, 10);
if (flags.json) console.log(JSON.stringify({ machine, date, ...report }, null, 2));
else {
  const table = new Table({ head: ['figure', 'value'], style: { head: [], border: [] } });
  table.push(...figureRows(report).map((row) => [...row]));
  console.log(`${table.toString()}\n${machine}; ${date}`);
}
if (flags.write) {
  const readme = readFileSync('README.md', 'utf8');
  if (!MARKS.test(readme)) throw new Error('README.md has no marks <!-- figures --> … <!-- /figures -->');
  writeFileSync(
    'README.md',
    readme.replace(MARKS, (_all, open: string, close: string) => `${open}${markdown(report, machine, date)}${close}`),
  );
}
