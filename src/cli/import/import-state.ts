import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ImportTally } from './import-tally.ts';

const FORMAT_VERSION = 1;

/** Where an import stands between runs: the tally after the last answered batch. Gone once the import is complete. */
export interface ImportState {
  readonly file: string;
  load(): ImportTally | undefined;
  save(tally: ImportTally): void;
  remove(): void;
}

/**
 * The state of one import, named after everything that makes it this import: the file's bytes, the target and the mapping. It only spares
 * sending again what was answered: without it a repeat is all duplicates.
 * @param folder `.tollkeeper/imports`
 * @param identity plain JSON
 */
export function importState(folder: string, identity: unknown): ImportState {
  const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  const file = join(folder, `${name}.json`);
  return {
    file,
    load: () => {
      try {
        const kept = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown; tally?: ImportTally };
        return kept.version === FORMAT_VERSION ? kept.tally : undefined;
      } catch (error) {
        // No state, or one that cannot be read: the import starts at the first row, which is safe.
        if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    save: (tally) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify({ version: FORMAT_VERSION, tally }));
      renameSync(`${file}.new`, file);
    },
    remove: () => rmSync(file, { force: true }),
  };
}
