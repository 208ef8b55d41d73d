import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { childProcessPart } from '../../src/embedded/child-process-part.ts';
import type { ChildProcessOptions } from '../../src/embedded/child-process-part.ts';
import type { Part, RunningPart } from '../../src/embedded/part.ts';
import { freePort } from '../../src/embedded/ports.ts';
import { identityOf, readIdentity } from '../../src/embedded/process-identity.ts';
import type { ProcessExit } from '../../src/embedded/server-process.ts';
import { supervise } from '../../src/embedded/supervise.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A part that notes what happens to it, and dies when told. */
function notedPart(name: string, notes: string[]): Part & { die(): void } {
  const exit = Promise.withResolvers<ProcessExit>();
  return {
    name,
    start: async () => {
      notes.push(`${name} up`);
      return {
        detail: `at ${name}`,
        exited: exit.promise,
        logTail: () => `last words of ${name}`,
        stop: async () => void notes.push(`${name} down`),
      };
    },
    die: () => exit.resolve({ code: 3, signal: null }),
  };
}

/** A child that runs a line of JavaScript. */
function scriptPart(script: string, more: Partial<ChildProcessOptions> = {}): Part & { readonly dataFolder: string } {
  const dataFolder = temporaryFolder();
  const part = childProcessPart({
    name: 'script',
    command: process.execPath,
    arguments: ['--eval', script],
    environment: {},
    dataFolder,
    ready: /ready at \S+/u,
    ...more,
  });
  return { ...part, dataFolder };
}

async function startPart(part: Part): Promise<RunningPart> {
  const running = await part.start();
  onTestFinished(() => running.stop());
  return running;
}

const STAY = 'setInterval(() => undefined, 1000);';

test('parts start in order with a line each, and a signal stops them in reverse', async () => {
  const [notes, lines, signals] = [[] as string[], [] as string[], new EventEmitter()];
  const parts = ['one', 'two', 'three'].map((name) => notedPart(name, notes));
  const supervision = supervise({ parts, onLine: (line) => lines.push(line), signals });
  await supervision.started;
  signals.emit('SIGTERM');
  expect(await supervision.finished).toEqual({ exitCode: 0, fault: undefined });
  expect(notes).toEqual(['one up', 'two up', 'three up', 'three down', 'two down', 'one down']);
  expect(lines).toEqual(['one    at one', 'two    at two', 'three  at three', 'stopping']);
  expect(signals.eventNames()).toEqual([]);
});

test('when a part dies it is named with the end of its log, the rest stops, and the exit code is not zero', async () => {
  const [notes, lines] = [[] as string[], [] as string[]];
  const parts = ['one', 'two', 'three'].map((name) => notedPart(name, notes));
  const supervision = supervise({ parts, onLine: (line) => lines.push(line), signals: null });
  await supervision.started;
  parts[1]?.die();
  const { exitCode, fault } = await supervision.finished;
  expect(exitCode).toBe(1);
  expect(fault).toBe('two died (with code 3). The end of its log:\nlast words of two');
  expect(lines).toContain(fault);
  expect(notes.slice(3)).toEqual(['three down', 'two down', 'one down']);
});

test('a part that cannot start ends the whole: the earlier ones stop, the later ones never start', async () => {
  const notes: string[] = [];
  const broken: Part = { name: 'broken', start: () => Promise.reject(new Error('no disk')) };
  const parts = [notedPart('one', notes), broken, notedPart('three', notes)];
  const supervision = supervise({ parts, onLine: () => undefined, signals: null });
  await expect(supervision.started).rejects.toThrow('broken could not be started: no disk');
  expect((await supervision.finished).exitCode).toBe(1);
  expect(notes).toEqual(['one up', 'one down']);
});

test('a signal during the start stops what is up and starts nothing more', async () => {
  const [notes, signals] = [[] as string[], new EventEmitter()];
  const slow: Part = {
    name: 'slow',
    start: async () => {
      signals.emit('SIGINT');
      return notedPart('slow', notes).start();
    },
  };
  const supervision = supervise({ parts: [slow, notedPart('next', notes)], onLine: () => undefined, signals });
  await expect(supervision.started).rejects.toThrow(/stopped before everything was up/u);
  expect((await supervision.finished).exitCode).toBe(0);
  expect(notes).toEqual(['slow up', 'slow down']);
});

test('a part that cannot be stopped is named and does not keep the others running', async () => {
  const [notes, lines] = [[] as string[], [] as string[]];
  const stubborn = notedPart('stubborn', notes);
  const parts: Part[] = [
    notedPart('one', notes),
    {
      ...stubborn,
      start: async () => ({ ...(await stubborn.start()), stop: () => Promise.reject(new Error('stuck')) }),
    },
  ];
  const supervision = supervise({ parts, onLine: (line) => lines.push(line), signals: null });
  await supervision.started;
  await supervision.stop();
  expect(lines).toContain('stubborn could not be stopped: stuck');
  expect(notes.at(-1)).toBe('one down');
});

test('a child is up when its output says so, and gets exactly the environment it is given', async () => {
  const script = `console.log('ready at', Object.keys(process.env).sort().join()); ${STAY}`;
  const part = scriptPart(script, { environment: { ONLY: 'this', UNSET: undefined } });
  const running = await startPart(part);
  expect(running.detail).toBe('ready at ONLY');
  const identity = readIdentity(join(part.dataFolder, 'run', 'script.json'));
  expect(identity).toEqual(identityOf(identity?.pid ?? 0));
  await running.stop();
  expect(await running.exited).toEqual({ code: null, signal: 'SIGTERM' });
  expect(existsSync(join(part.dataFolder, 'run', 'script.json'))).toBe(false);
});

test('a child is up when its URL answers with success', async () => {
  const port = await freePort();
  const script = `
    let asked = 0;
    require('node:http').createServer((_, answer) => { answer.statusCode = asked++ ? 200 : 503; answer.end(); }).listen(${port}, '127.0.0.1');`;
  const running = await startPart(scriptPart(script, { ready: new URL(`http://127.0.0.1:${port}/health`) }));
  expect(running.detail).toBe(`http://127.0.0.1:${port}/health`);
});

test('a child that ends while starting is a fault that shows its output', async () => {
  const part = scriptPart(`console.error('the port is taken'); process.exit(2);`);
  await expect(part.start()).rejects.toThrow(/script ended while starting\. The end of its log:\nthe port is taken/u);
});

test('a child that never gets ready is ended and named', async () => {
  const part = scriptPart(`console.log('busy'); ${STAY}`, { readyWithinMs: 700 });
  await expect(part.start()).rejects.toThrow(/script was not ready within 0\.7 s \(its output has not matched/u);
  expect(existsSync(join(part.dataFolder, 'run', 'script.json'))).toBe(false);
});

test('a child that ignores SIGTERM is ended by force', async () => {
  const script = `process.on('SIGTERM', () => undefined); console.log('ready at once'); ${STAY}`;
  const running = await startPart(scriptPart(script, { stopWithinMs: 200 }));
  await running.stop();
  expect(await running.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a program that does not exist is an error that names the part', async () => {
  const part = scriptPart('', { command: '/nowhere/at-all' });
  await expect(part.start()).rejects.toThrow(/script could not be started: .*ENOENT/u);
});

test('the supervisor sees the death of a child', async () => {
  const emitter = new EventEmitter();
  const script = `process.on('SIGUSR2', () => { console.log('out of memory'); process.exit(7); }); console.log('ready at once'); ${STAY}`;
  const part = scriptPart(script);
  const onPartDied = (name: string, tail: string): void => void emitter.emit('died', name, tail);
  const died = once(emitter, 'died');
  const supervision = supervise({ parts: [part], onLine: () => undefined, onPartDied, signals: null });
  await supervision.started;
  process.kill(readIdentity(join(part.dataFolder, 'run', 'script.json'))?.pid ?? 0, 'SIGUSR2');
  expect((await supervision.finished).fault).toMatch(/script died \(with code 7\)[^]*out of memory/u);
  expect((await died)[0]).toBe('script');
});
