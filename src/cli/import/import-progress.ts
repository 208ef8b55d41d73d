import { Presets, SingleBar } from 'cli-progress';

import type { CliIo } from '../cli-io.ts';
import type { ImportTally } from './import-tally.ts';

/** Shows how far an import is. */
export interface ImportProgress {
  /** @param tally so far, what an earlier run did included */
  show(tally: ImportTally): void;
  end(): void;
}

const LINE_EVERY_MS = 2_000;

/** A progress bar where standard error is a terminal, plain lines every two seconds otherwise. @param now milliseconds, monotonic */
export function importProgress(io: CliIo, rowsTotal: number, rowsBefore: number, now: () => number): ImportProgress {
  const startedMs = now();
  const figures = (tally: ImportTally): Record<string, string | number> => ({
    accepted: (tally.outcomes['accepted'] ?? 0) + (tally.outcomes['unmetered'] ?? 0),
    duplicates: tally.outcomes['duplicate'] ?? 0,
    refused: tally.refused,
    speed: Math.round(((tally.rows - rowsBefore) * 1_000) / Math.max(1, now() - startedMs)),
  });
  return io.isTerminal ? bar(rowsTotal, rowsBefore, figures) : lines(io, rowsTotal, figures, now);
}

type Figures = (tally: ImportTally) => Record<string, string | number>;

function bar(rowsTotal: number, rowsBefore: number, figures: Figures): ImportProgress {
  const format =
    '{bar} {percentage}% | {value}/{total} rows | {accepted} accepted, {duplicates} duplicates, {refused} refused | {speed} rows/s';
  const single = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  single.start(rowsTotal, rowsBefore, { accepted: 0, duplicates: 0, refused: 0, speed: 0 });
  return {
    show: (tally) => single.update(tally.rows, figures(tally)),
    end: () => single.stop(),
  };
}

function lines(io: CliIo, rowsTotal: number, figures: Figures, now: () => number): ImportProgress {
  let toldMs = now();
  return {
    show: (tally) => {
      if (tally.rows < rowsTotal && now() - toldMs < LINE_EVERY_MS) return;
      toldMs = now();
      const { accepted, duplicates, refused, speed } = figures(tally);
      io.note(
        `${tally.rows} of ${rowsTotal} rows: ${accepted} accepted, ${duplicates} duplicates, ${refused} refused, ${speed} rows/s\n`,
      );
    },
    end: () => undefined,
  };
}
