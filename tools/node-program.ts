import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a program of ours is and what it is told. */
export interface ProgramOptions {
  /** Relative to `folder`, such as `src/api/main.ts`. */
  readonly file: string;
  /** Laid over that of this process. */
  readonly environment: Environment;
  /** The folder of the release to run; by default this one. */
  readonly folder?: string;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const OUTPUT_CHARACTERS_MAX = 65_536;

/** One of the project's programs as a child process that can be broken and started again. */
export class NodeProgram {
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  get file(): string {
    return this.#options.file;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What it has printed since it was last started. */
  output(): string {
    return this.#output;
  }

  /**
   * Starts it, and waits until it says that it is ready. One that does not in time is killed.
   *
   * @param extraEnvironment for this time only
   * @throws Error with what it printed
   */
  async start(extraEnvironment: Environment = {}): Promise<void> {
    const { file, environment, folder } = this.#options;
    this.#output = '';
    const child = spawn(process.execPath, [file], {
      cwd: folder ?? process.cwd(),
      env: { ...process.env, ...environment, ...extraEnvironment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string): void => reject(new Error(`${file} ${what}:\n${this.#output}`));
      const timer = setTimeout(() => {
        fail('is not ready');
        child.kill('SIGKILL');
      }, READY_TIMEOUT_MS);
      const read = (chunk: Buffer): void => {
        this.#output = (this.#output + chunk.toString('utf8')).slice(-OUTPUT_CHARACTERS_MAX);
        if (!/\bready\b/.test(this.#output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(`ended (${String(code ?? signal)})`);
      });
    });
  }

  /** Resolves when it ends by itself. */
  async ended(): Promise<void> {
    if (this.#child !== undefined && this.isRunning) await once(this.#child, 'exit');
  }

  /** SIGKILL, as by a crash. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  /** SIGSTOP: it is there and does nothing. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends it politely, and where it does not listen by SIGKILL. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.#child?.kill('SIGTERM');
    // One that was left paused takes the signal when it goes on.
    this.#child?.kill('SIGCONT');
    await this.ended();
    clearTimeout(timer);
  }
}
