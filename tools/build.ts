/**
 * `npm run build`: compiles to `dist/` and copies what the compiler leaves behind: Lua, SQL and YAML files that the compiled
 * code reads from beside itself, and the JSON Schema that `tollkeeper schema` prints.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';

rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const file of globSync(['{src,examples}/**/*.{lua,sql,yaml}', 'docs/catalogue.schema.json']))
  cpSync(file, join('dist', file), { recursive: true });
