import { join } from 'node:path';

import { EmbeddedError, sayOnStderr } from './embedded-error.ts';
import type { Say } from './embedded-error.ts';
import { findOnPath, isExecutable, versionText } from './programs.ts';
import type { EmbeddedSettings } from './settings.ts';

/** The version of the Temporal CLI that `tools/temporal/go.mod` pins. */
export const TEMPORAL_VERSION = '1.9.1';

export async function findTemporal(settings: EmbeddedSettings, say: Say = sayOnStderr): Promise<string> {
  const cached = join(settings.cacheFolder, `temporal-${TEMPORAL_VERSION}-${process.platform}-${process.arch}`);
  const found = settings.temporalServer ?? findOnPath(settings.searchPath, ['temporal']) ?? cached;
  if (!isExecutable(found)) throw new EmbeddedError(`no ${found}`);
  await versionText(found);
  void say;
  return found;
}
