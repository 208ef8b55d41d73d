import { appendFileSync, cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '../fault.ts';

/** What an API process runs on. */
const FOLDERS = ['src', 'workflows', 'activities', 'package.json', 'tsconfig.json'];

/** A copy of the project whose scripts have another digest, as those of the next release would. */
function nextRelease(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-release-'));
  for (const name of FOLDERS) cpSync(name, join(folder, name), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  appendFileSync(join(folder, 'src', 'meter', 'recordUsage.lua'), '\n-- The next release.\n');
  return folder;
}

let folder = '';

/** Two API processes whose scripts differ take the same events' retries, as during an upgrade. */
export const twoReleases: Fault = {
  name: 'two-releases',
  title: 'two API processes of different releases of the script',
  rounds: 3,
  load: { events: 8_000, batchSize: 20, senders: 16, timesMax: 2 },
  world: () => {
    folder = nextRelease();
    return { apis: [{}, { folder }], cleanUp: () => rmSync(folder, { recursive: true, force: true }) };
  },
  run: async (world, round) => {
    // Both are killed once in each round, so that events without an answer are sent again to the other release.
    for (const [index, api] of world.apis.entries()) {
      await round.load.reached((index + 1) / (world.apis.length + 1));
      await api.kill();
      await api.start();
    }
  },
};
