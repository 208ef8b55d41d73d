import type { EmbeddedSettings } from '../../src/embedded/settings.ts';
import { startStack } from '../../src/embedded/start-stack.ts';

/** Entry point of a supervisor that a test kills: `node keep-running.ts SETTINGS`. Prints one line when everything is up, then stays. */
await startStack({ settings: JSON.parse(process.argv[2] ?? '') as EmbeddedSettings, say: () => undefined });
process.stdout.write('up\n');
