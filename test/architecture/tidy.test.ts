import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Files of the project: tracked by git, or new and not ignored. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && statSync(file, { throwIfNoEntry: false })?.isFile() === true);

const GENERATED = /^(package-lock\.json|tools\/[a-z]+\/go\.sum|test\/histories\/)/;
const written = files.filter((file) => !GENERATED.test(file));
const THIS_FILE = 'test/architecture/tidy.test.ts';

function filesWith(pattern: RegExp, among: readonly string[]): string[] {
  return among.filter((file) => file !== THIS_FILE && pattern.test(readFileSync(file, 'utf8')));
}

describe('the repository', () => {
  test('has no file over 1 MiB', () => {
    expect(files.filter((file) => statSync(file).size > 1_048_576)).toEqual([]);
  });

  test.each([
    ['unfinished words', /\b(TODO|FIXME|XXX|HACK)\b/],
    ['focused or switched-off tests', /\b(describe|it|test)\.(only|todo)\b/],
    ['hosts of package registries', /registry\.npmjs|proxy\.golang|repo1\.maven|deb\.debian|pypi\.org/],
  ])('has no %s', (_what, pattern) => {
    expect(filesWith(pattern, written)).toEqual([]);
  });

  test('has a lockfile that names no registry', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved":/);
  });

  test('names no file or folder after nothing in particular', () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|managers?|common|misc|v\d)(\/|\.|$)/i.test(file))).toEqual(
      [],
    );
  });

  test('says of every exported function and type what it is', () => {
    const undescribed = /(?<!\*\/\n)^export (async )?(function\*?|class|interface|type) \w/m;
    expect(filesWith(undescribed, code('src', 'workflows', 'activities', 'worker', 'tools', 'bench'))).toEqual([]);
  });

  test('reads the environment in two places only', () => {
    const readers = filesWith(/process\.env\b(?!\))/, code('src', 'activities', 'workflows')).filter(
      (file) => !/^src\/(embedded|cli)\/|\/(main|prepare)\.ts$/.test(file),
    );
    expect(readers).toEqual([]);
  });

  test('rounds money in one place only, and quantities where they become billed or projected ones', () => {
    const rounding = /(?<!Math)\.round(ed)?\(|\btoFixed\(|\bparseFloat\(/;
    expect(filesWith(rounding, code('src', 'activities', 'workflows')).toSorted()).toEqual([
      'src/rating/billable-units.ts',
      'src/rating/project-inputs.ts',
      'src/rating/rounding.ts',
    ]);
  });

  test('keeps Lua scripts short enough to read at once', () => {
    const lengths = written
      .filter((file) => file.endsWith('.lua'))
      .map((file) => [file, codeLines(readFileSync(file, 'utf8'))] as const);
    expect(lengths.length).toBeGreaterThan(0);
    expect(lengths.filter(([, lines]) => lines > 110)).toEqual([]);
  });

  test('asks no wall clock below the entry points', () => {
    const pure = code(
      'src/domain',
      'src/rating',
      'src/ledger',
      'src/journal',
      'src/meter',
      'src/invoice',
      'src/catalog',
    );
    expect(filesWith(/Date\.now\(\)|new Date\(\)|DateTime\.(now|utc)\(\)/, pure)).toEqual([]);
  });
});

function code(...folders: string[]): string[] {
  return files.filter((file) => file.endsWith('.ts') && folders.some((folder) => file.startsWith(`${folder}/`)));
}

function codeLines(lua: string): number {
  return lua.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('--')).length;
}
