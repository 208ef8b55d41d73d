import { takeCoverage } from 'node:v8';

import { afterAll } from 'vitest';

/** Worker processes are ended without being asked: what has run is written while they live. */
afterAll(() => takeCoverage());
