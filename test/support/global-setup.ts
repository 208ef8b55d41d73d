import type { TestProject } from 'vitest/node';

import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import { startTestStack } from '../../src/embedded/start-test-stack.ts';
import type { TestStackAddresses } from '../../src/embedded/start-test-stack.ts';
import { ensureTemplateDatabase } from './template-database.ts';

declare module 'vitest' {
  /** What `inject(…)` gives to tests. */
  export interface ProvidedContext {
    /** A superuser's URL of the run's PostgreSQL. Tests use `createTestDatabase()`. */
    databaseUrl: string;
    /** The migrated database that `createTestDatabase()` clones. */
    templateDatabase: string;
    /** The run's Redis. Tests use `createTestRedis()`. */
    redisUrl: string;
    redisDatabases: number;
    /** The run's Temporal server. Tests use a task queue of their own. */
    temporalAddress: string;
  }
}

async function provideStack(project: TestProject, stack: TestStackAddresses): Promise<void> {
  project.provide('databaseUrl', stack.databaseUrl);
  project.provide('redisUrl', stack.redisUrl);
  project.provide('redisDatabases', stack.redisDatabases);
  project.provide('temporalAddress', stack.temporalAddress);
  project.provide('templateDatabase', await ensureTemplateDatabase(stack.databaseUrl));
}

/**
 * Starts PostgreSQL, Redis and Temporal once per run. `TOLLKEEPER_TEST_STACK` changes that: `none` starts nothing (for tests of pure
 * code), and the JSON that `node test/support/keep-stack.ts` prints reuses the stack that command keeps running.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const existing = process.env['TOLLKEEPER_TEST_STACK'];
  if (existing === 'none') return undefined;
  if (existing) {
    await provideStack(project, JSON.parse(existing) as TestStackAddresses);
    return undefined;
  }
  const stack = await startTestStack(readEmbeddedSettings(process.env));
  try {
    await provideStack(project, stack);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return () => stack.stop();
}
