import { mkdtempSync, readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { type BenchReport, figureRow, isReached, median, medianShares, processorTable } from '../../bench/report.ts';
import { refuseGrowth } from '../../bench/run-to-rows.ts';
import { writeReports } from '../../bench/write-reports.ts';

const PROBE = { commandsPerSecond: 1_000_000, program: 'redis-benchmark', syncMicros: 100 };

function report(command: string, runs: readonly number[]): BenchReport {
  return {
    format: 1,
    command,
    title: `${command}: something`,
    commandLine: `npm run bench -- ${command}`,
    at: '2026-11-21T10:00:00.000Z',
    machine: '2 cores',
    probe: { before: PROBE, after: PROBE },
    versions: 'Redis 7',
    settings: { runs: runs.length },
    measures: [{ key: `${command}.speed`, name: 'speed', unit: 'events/s', runs, target: { atLeast: 100 } }],
    processors: [],
    notes: ['A note.'],
  };
}

describe('a report', () => {
  test('takes the middle run, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 2, 9])).toBe(3);
  });

  test('says whether a target is reached by the median, not by the best run', () => {
    const measure = { key: 'a', name: 'a', unit: 'ms' };
    expect(isReached({ ...measure, runs: [1, 3, 9], target: { atMost: 2 } })).toBe(false);
    expect(isReached({ ...measure, runs: [1, 2, 9], target: { atMost: 2 } })).toBe(true);
    expect(isReached({ ...measure, runs: [1, 2, 9], target: { atLeast: 3 } })).toBe(false);
    expect(isReached({ ...measure, runs: [1] })).toBeNull();
  });

  test('shows median, range and target', () => {
    const measure = {
      key: 'a',
      name: 'speed',
      unit: 'events/s',
      runs: [81_000, 79_500, 99_000],
      target: { atLeast: 80_000 },
    };
    expect(figureRow(measure)).toEqual(['speed', '81,000', '79,500 – 99,000', 'events/s', '≥ 80,000', 'yes']);
  });

  test('adds the processor time of all processes up', () => {
    const share = medianShares('batches', [
      { microsPerEvent: { API: 3, Redis: 1 } },
      { microsPerEvent: { API: 5, Redis: 2 } },
      { microsPerEvent: { API: 4, Redis: 9 } },
    ]);
    expect(processorTable([share])).toEqual([
      ['processor time, µs per event', 'API', 'Redis', 'sum'],
      ['batches', '4', '2', '6'],
    ]);
  });
});

/** Backlogs of a run of 30 s whose last third has another one. */
function samples(last: number): (readonly [number, number])[] {
  return Array.from({ length: 60 }, (_, index) => [index / 2, index < 40 ? 20_000 : last]);
}

describe('a run', () => {
  test('fails when the journal grows to its end', () => {
    expect(() => refuseGrowth(samples(40_000), 30)).toThrow('the journal grows: 20000 events');
  });

  test('passes when the journal stays as long as it was', () => {
    expect(() => refuseGrowth(samples(24_000), 30)).not.toThrow();
  });
});

describe('written reports', () => {
  test('replace what the same command wrote and keep the others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-reports-'));
    mkdirSync(join(folder, 'docs'));
    writeFileSync(join(folder, 'README.md'), '# Name\n\n<!-- figures -->\nold\n<!-- /figures -->\n\nend\n');
    await writeReports([report('ingest', [50]), report('accept', [200])], folder);
    await writeReports([report('ingest', [150])], folder);
    const kept = JSON.parse(readFileSync(join(folder, 'docs/benchmarks.json'), 'utf8')) as BenchReport[];
    expect(kept.map(({ command, measures }) => [command, measures[0]?.runs])).toEqual([
      ['ingest', [150]],
      ['accept', [200]],
    ]);
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(readme).toMatch(/`ingest` *\| speed *\| 150/);
    expect(readme).toMatch(/`accept` *\| speed *\| 200/);
    expect(readme).not.toContain('old');
    expect(readme).toMatch(/<!-- \/figures -->\n\nend\n$/);
  });
});
