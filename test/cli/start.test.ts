import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import { packageFile, programFile, projectFile } from '../../src/cli/project-files.ts';
import { readFirstAdminKey } from '../../src/cli/start.ts';

test('the preparation answers the first admin key in the last line of its output', () => {
  expect(readFirstAdminKey('{"level":"info"}\n{"firstAdminKey":"tk_test_abc"}\n')).toBe('tk_test_abc');
  expect(readFirstAdminKey('{"firstAdminKey":null}\n')).toBeNull();
});

test.each(['', 'ready', '{}', '{"firstAdminKey":7}'])('%j is no answer of the preparation', (output) => {
  expect(() => readFirstAdminKey(output)).toThrow('the preparation of the database answered');
});

test('run from source, the programs are the source files and the project files are found', () => {
  expect(programFile('src/cli/main')).toMatch(/\/src\/cli\/main\.ts$/);
  for (const file of [programFile('src/cli/main'), packageFile(), projectFile('examples/catalog.yaml')]) {
    expect(existsSync(file), file).toBe(true);
  }
});
