import { readEmbeddedSettings } from '../../src/embedded/settings.ts';
import type { EmbeddedSettings, Environment } from '../../src/embedded/settings.ts';
import { freePort } from '../../src/embedded/ports.ts';

const STACK_VARIABLES = /^(DATABASE_URL|REDIS_URL|TEMPORAL_\w+|TOLLKEEPER_\w+)$/u;

/** The settings of a stack on its own folder and ports, whatever the environment of the test run says. */
export async function settingsOf(dataFolder: string, more: Environment = {}): Promise<EmbeddedSettings> {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !STACK_VARIABLES.test(name) || name === 'TOLLKEEPER_REDIS_SERVER' || name === 'TOLLKEEPER_TEMPORAL_SERVER',
  );
  const ports: Record<string, string> = {};
  for (const name of ['POSTGRES', 'REDIS', 'TEMPORAL', 'TEMPORAL_UI']) {
    ports[`TOLLKEEPER_${name}_PORT`] = String(await freePort());
  }
  return readEmbeddedSettings({
    ...Object.fromEntries(inherited),
    ...ports,
    TOLLKEEPER_DATA_FOLDER: dataFolder,
    ...more,
  });
}
