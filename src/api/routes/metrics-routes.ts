import type { Route } from '../route.ts';

/**
 * Open like the health routes: a key is checked against PostgreSQL, and metrics are needed most while that is away. They name no
 * tenant and no amount (docs/decisions/0012-metrics.md).
 */
export const METRICS_ROUTES: readonly Route[] = [
  {
    method: 'get',
    path: '/metrics',
    scopes: null,
    handle: async ({ deps }) => {
      const { contentType, text } = await deps.scrapeMetrics();
      return { status: 200, body: text, headers: { 'content-type': contentType } };
    },
  },
];
