import type { InvoiceLine } from '../../src/domain/invoice.ts';
import { callApi, eventually } from '../support/api-calls.ts';
import type { World } from '../support/world.ts';

/** The lines of a tenant's one invoice: its first cycle, which ends its late window at once, is waited for. */
export async function issuedLines(world: World, tenant: string, periodStart: string): Promise<readonly InvoiceLine[]> {
  await eventually(
    async () => {
      const closed = await callApi(world, 'POST', `/v1/cycles/${tenant}/${periodStart}/close-now`);
      return closed.status === 200 ? true : undefined;
    },
    60_000,
    'the cycle begins',
  ).catch(() => undefined);
  const invoice = await eventually(
    async () => {
      const list = await callApi<{ data: { id: string; status: string }[] }>(
        world,
        'GET',
        `/v1/invoices?tenant=${tenant}`,
      );
      const issued = list.body.data.find(({ status }) => status === 'issued');
      if (issued === undefined) return undefined;
      return (await callApi<{ content: { lines: InvoiceLine[] } }>(world, 'GET', `/v1/invoices/${issued.id}`)).body;
    },
    60_000,
    'the invoice',
  );
  return invoice.content.lines;
}
