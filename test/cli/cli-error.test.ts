import { expect, test } from 'vitest';

import { describeError } from '../../src/cli/cli-error.ts';
import { TollkeeperError } from '../../src/client/index.ts';

test.each([
  ['there is no tenant acme: GET /v1/tenants lists those', 'there is no tenant acme: `tollkeeper tenants` lists those'],
  ['no cycle: GET /v1/tenants/acme/cycles lists them', 'no cycle: `tollkeeper cycles acme` lists them'],
  ['GET /v1/invoices?tenant=acme shows it', '`tollkeeper invoices --tenant acme` shows it'],
  ['there is no key x: GET /v1/keys lists them', 'there is no key x: `tollkeeper keys list` lists them'],
])('%j is told with the command instead of the route', (message, line) => {
  const error = new TollkeeperError({ status: 404, code: 'unknown', message });
  expect(describeError(error)).toEqual({ exitCode: 2, line });
});
