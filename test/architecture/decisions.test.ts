import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const FOLDER = 'docs/decisions';
const pages = readdirSync(FOLDER)
  .filter((name) => /^\d{4}-.*\.md$/.test(name))
  .toSorted();

test('the pages of decisions are numbered without a gap, and each names its number', () => {
  expect(pages.map((name) => Number(name.slice(0, 4)))).toEqual(pages.map((_, index) => index + 1));
  for (const name of pages) {
    expect(readFileSync(`${FOLDER}/${name}`, 'utf8'), name).toMatch(new RegExp(`^# ${Number(name.slice(0, 4))}\\. `));
  }
});

test('every page is in the index, under its title', () => {
  const index = readFileSync(`${FOLDER}/README.md`, 'utf8');
  const lines = pages.map((name) => {
    const [title = ''] = readFileSync(`${FOLDER}/${name}`, 'utf8')
      .replace(/^# \d+\. /, '')
      .split('\n');
    return `${Number(name.slice(0, 4))}. [${title}](${name})`;
  });
  expect(index.split('\n').filter((line) => /^\d+\. /.test(line))).toEqual(lines);
});

test('every dependency is named with its reason on the first page', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const page = readFileSync(`${FOLDER}/0001-toolchain.md`, 'utf8').toLowerCase();
  const unnamed = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) =>
      !page.includes(name) && !(/^@(types|temporalio)\//.test(name) && page.includes(`${name.split('/')[0]}/*`)),
  );
  expect(unnamed).toEqual([]);
});
