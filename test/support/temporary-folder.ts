import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

/** An empty folder that goes away when the test has finished. Other accounts may pass through it, as PostgreSQL's must. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-test-'));
  chmodSync(folder, 0o711);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
