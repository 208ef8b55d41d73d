import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { FakeAnswer, FakeApi, ReceivedRequest } from '../client/fake-api.ts';
import { answerByIds, eventsOf, startFakeApi } from '../client/fake-api.ts';
import type { CliFolder, CliRun } from './cli-runs.ts';
import { cliFolder } from './cli-runs.ts';

const HEAD = 'TIMESTAMP,ContextTokens,GeneratedTokens\n';
const WORDS = 'import trace.csv --tenant acme --type llm.request --time TIMESTAMP'.split(' ');
const MAPPING = ['--property', 'inputTokens=ContextTokens', '--property', 'outputTokens=GeneratedTokens'];

let folder: CliFolder;
let fake: FakeApi;
let answer: (request: ReceivedRequest, index: number) => FakeAnswer;

beforeEach(async () => {
  folder = cliFolder();
  answer = answerByIds(new Set());
  fake = await startFakeApi((request, index) => answer(request, index));
});

afterEach(async () => {
  await fake.close();
  folder.remove();
});

function runImport(...more: string[]): Promise<CliRun> {
  return folder.run([...WORDS, ...MAPPING, ...more], { TOLLKEEPER_URL: fake.url, TOLLKEEPER_API_KEY: 'tk_test_key' });
}

function sent(): { id: string; [name: string]: unknown }[] {
  return fake.requests.flatMap(eventsOf);
}

test('every row becomes one event; the digits of its time are kept and a last line without an end is read', async () => {
  folder.write('trace.csv', `${HEAD}2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 19:14:19.9280160,549,173`);
  const run = await runImport();
  expect(run).toMatchObject({ exitCode: 0, out: 'trace.csv: 2 rows: 2 accepted\n' });
  expect(sent()).toEqual([
    {
      id: expect.stringMatching(/^import-[0-9a-f]{32}-1$/),
      tenant: 'acme',
      type: 'llm.request',
      occurredAt: '2023-11-16T18:17:03.9799600Z',
      properties: { inputTokens: '4808', outputTokens: '10' },
    },
    expect.objectContaining({
      occurredAt: '2023-11-16T19:14:19.9280160Z',
      properties: { inputTokens: '549', outputTokens: '173' },
    }),
  ]);
  expect(fake.requests[0]?.headers.authorization).toBe('Bearer tk_test_key');
});

test('equal rows are counted each, and a second import of the file is all duplicates', async () => {
  folder.write('trace.csv', `${HEAD}${'2023-11-16 18:17:03,5,1\n'.repeat(3)}2023-11-16 18:17:04,5,1\n`);
  expect((await runImport('--batch-size', '2')).out).toBe('trace.csv: 4 rows: 4 accepted\n');
  expect((await runImport()).out).toBe('trace.csv: 4 rows: 4 duplicate\n');
  expect(new Set(sent().map(({ id }) => id)).size).toBe(4);
});

test('the ids do not depend on the order of the columns or on the size of a batch', async () => {
  folder.write('trace.csv', `${HEAD}2023-11-16 18:17:03,5,1\n2023-11-16 18:17:04,5,1\n`);
  await runImport();
  folder.write(
    'trace.csv',
    'GeneratedTokens,TIMESTAMP,ContextTokens\r\n1,2023-11-16 18:17:03,5\r\n1,2023-11-16 18:17:04,5\r\n',
  );
  expect((await runImport('--batch-size', '1')).out).toBe('trace.csv: 2 rows: 2 duplicate\n');
});

test('an import that was stopped continues behind the last answered batch, and ordinals go on', async () => {
  folder.write('trace.csv', `${HEAD}${'2023-11-16 18:17:03,5,1\n'.repeat(5)}`);
  const known = new Set<string>();
  answer = (request, index) =>
    index < 2
      ? answerByIds(known)(request)
      : { status: 400, body: { error: { code: 'stop', message: 'the service was taken away' } } };
  const stopped = await runImport('--batch-size', '2');
  expect(stopped.exitCode).toBe(2);
  expect(stopped.err).toContain('the service was taken away');
  answer = answerByIds(known);
  const continued = await runImport('--batch-size', '2');
  expect(continued.err).toContain('continuing after row 4 of 5');
  expect(continued.out).toBe('trace.csv: 5 rows: 5 accepted\n');
  expect(fake.requests.map((request) => eventsOf(request).length)).toEqual([2, 2, 1, 2, 1]);
  expect(known.size).toBe(5);
  expect(readdirSync(join(folder.path, '.tollkeeper', 'imports'))).toEqual([]);
});

test('a stopped import starts over when the service no longer has what it took', async () => {
  folder.write('trace.csv', `${HEAD}${'2023-11-16 18:17:03,5,1\n'.repeat(5)}`);
  answer = (request, index) =>
    index < 2
      ? answerByIds(new Set())(request)
      : { status: 400, body: { error: { code: 'stop', message: 'the service was taken away' } } };
  await runImport('--batch-size', '2');
  const restored = new Set<string>();
  answer = answerByIds(restored);
  const again = await runImport('--batch-size', '2');
  expect(again.exitCode).toBe(0);
  expect(again.err).not.toContain('continuing');
  expect(restored.size).toBe(5);
});

test('refused rows are listed with line, outcome and reason, and the exit code says that not all is in', async () => {
  folder.write('trace.csv', `${HEAD}2023-11-16 18:17:03,5,1\nyesterday,5,1\n2023-11-16 18:17:05,x,1\n`);
  answer = (request) => ({
    status: 200,
    body: {
      results: eventsOf(request).map(({ id }, index) =>
        index === 0
          ? { id, outcome: 'accepted' }
          : { id, outcome: 'invalid', path: 'properties.inputTokens', reason: 'must be digits' },
      ),
    },
  });
  const run = await runImport();
  expect(run.exitCode).toBe(1);
  expect(run.out).toContain('trace.csv: 3 rows: 2 invalid, 1 accepted\n');
  expect(run.out).toContain('  line 3: invalid: "yesterday" is not a time in column TIMESTAMP');
  expect(run.out).toContain('  line 4: invalid: properties.inputTokens: must be digits\n');
  expect(sent().length).toBe(2);
});

test('what is wrong with the file or the mapping is told in one line before anything is sent', async () => {
  const faults: [name: string, text: string | Buffer, more: string[], line: RegExp][] = [
    [
      'a wrong column',
      `${HEAD}2023-11-16 18:17:03,5,1\n`,
      ['--quantity', 'Tokens'],
      /trace\.csv:1: no column "Tokens": the file has TIMESTAMP, ContextTokens/,
    ],
    ['an empty file', '', [], /trace\.csv is empty: its first line must name the columns/],
    [
      'a time column without times',
      `${HEAD}5,5,1\n`,
      [],
      /trace\.csv:2: column TIMESTAMP: "5" is not a time: it must be RFC 3339/,
    ],
    [
      'a broken row in the middle',
      `${HEAD}2023-11-16 18:17:03,5,1\n2023-11-16 18:17:03,5\n`,
      [],
      /trace\.csv:3: not readable as CSV/,
    ],
    ['a column that is there twice', 'TIMESTAMP,A,A\n', [], /trace\.csv:1: the column "A" is there twice/],
    ['another encoding', Buffer.from(`${HEAD}2023-11-16 18:17:03,\xfc,1\n`, 'latin1'), [], /trace\.csv is not UTF-8/],
    ['an unknown zone', HEAD, ['--zone', 'Mars/Olympus'], /--zone Mars\/Olympus is not a time zone/],
    ['a property without column', HEAD, ['--property', 'tokens'], /--property "tokens": write it as name=COLUMN/],
    ['a batch that is too large', HEAD, ['--batch-size', '501'], /whole number from 1 to 500/],
  ];
  for (const [name, text, more, line] of faults) {
    folder.write('trace.csv', text);
    const run = await runImport(...more);
    expect(run, name).toMatchObject({ exitCode: 2, out: '' });
    expect(run.err, name).toMatch(line);
    expect(run.err.trimEnd().split('\n').length, name).toBe(1);
  }
  expect(fake.requests.length).toBe(0);
});

test('a file that is not there is named', async () => {
  const run = await runImport();
  expect(run.exitCode).toBe(2);
  expect(run.err).toMatch(/trace\.csv is not there: check the path\n$/);
});

test('a tenant that is not there stops the import after its first batch', async () => {
  folder.write('trace.csv', `${HEAD}${'2023-11-16 18:17:03,5,1\n'.repeat(6)}`);
  answer = (request) => ({
    status: 200,
    body: { results: eventsOf(request).map(({ id }) => ({ id, outcome: 'unknown_tenant' })) },
  });
  const run = await runImport('--batch-size', '3');
  expect(run).toMatchObject({ exitCode: 2, out: '' });
  expect(run.err).toContain('tenant acme is not known to the service');
  expect(fake.requests.length).toBe(1);
});

test('an empty quantity is sent as it is, never taken as 1', async () => {
  folder.write('trace.csv', `${HEAD}2023-11-16 18:17:03,5,\n`);
  await runImport('--quantity', 'GeneratedTokens');
  expect(sent()[0]).toMatchObject({ quantity: '', properties: { inputTokens: '5' } });
});
