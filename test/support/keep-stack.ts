import { once } from 'node:events';

import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import { startTestStack } from '../../src/embedded/start-test-stack.ts';

/**
 * Keeps a test stack running until Ctrl-C, for test runs that follow each other quickly. Prints the line to type first:
 * `export TOLLKEEPER_TEST_STACK='…'`.
 */
const stack = await startTestStack(readEmbeddedSettings(process.env));
process.stdout.write(`export TOLLKEEPER_TEST_STACK='${JSON.stringify(stack)}'\n`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await stack.stop();
