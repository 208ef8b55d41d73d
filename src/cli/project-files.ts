import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OWN_FILE = fileURLToPath(import.meta.url);

/** The folder that `src`, `worker` and `workflows` are in: the project, or its `dist`. */
const CODE_FOLDER = join(dirname(OWN_FILE), '..', '..');

/** The file of one of our programs, named without its extension: source when this runs from source, built when it runs built. */
export function programFile(name: string): string {
  return join(CODE_FOLDER, `${name}${extname(OWN_FILE)}`);
}

/** A file of the project that is not code, such as `examples/catalog.yaml`, wherever this runs from. */
export function projectFile(name: string): string {
  const besideCode = join(CODE_FOLDER, name);
  return existsSync(besideCode) ? besideCode : join(CODE_FOLDER, '..', name);
}

/** The package's description of itself. */
export function packageFile(): string {
  return projectFile('package.json');
}
