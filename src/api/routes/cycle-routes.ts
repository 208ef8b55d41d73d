import { z } from 'zod';

import { formatInstant, parseInstant, requireInstant } from '../../domain/instant.ts';
import { badRequest, notFound } from '../api-error.ts';
import type { CycleCommand, TenantCommand } from '../billing-control.ts';
import { command } from '../mutate.ts';
import { limitOf, readTimeCursor, toPage } from '../paging.ts';
import { newestRevision, readCycles } from '../read-cycles.ts';
import { readJson } from '../read-body.ts';
import { checkBody, pageParameters, readQuery } from '../read-query.ts';
import { REASON_BODY, REASON_BYTES_MAX } from '../reason-body.ts';
import { ADMIN, keyOf, parameter, READ } from '../route.ts';
import type { Route, RouteAnswer, RouteContext } from '../route.ts';
import { visibleTenant } from '../visible-tenant.ts';

const CYCLE_CURSOR = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z\|\d{1,9}$/;

async function getCycles(context: RouteContext): Promise<RouteAnswer> {
  const { deps } = context;
  const query = readQuery(context, z.strictObject(pageParameters));
  const cursor = readTimeCursor(query, CYCLE_CURSOR);
  const { entry } = await visibleTenant(context, parameter(context, 'id'));
  const [start = '', revision = ''] = cursor ?? [];
  const after = cursor === null ? null : { periodStartMicros: requireInstant(start), revision: Number(revision) };
  const limit = limitOf(query);
  const cycles = await readCycles(deps.pool, { tenant: entry.tenant.id, after, limit: limit + 1 });
  const page = toPage(cycles, limit, (cycle) => `${cycle.periodStart}|${cycle.revision}`);
  const data = page.data.map((cycle) => ({ ...cycle, workflowUrl: workflowUrl(context, cycle.workflowId) }));
  return { status: 200, body: { data, nextCursor: page.nextCursor } };
}

function workflowUrl({ deps }: RouteContext, workflowId: string): string | null {
  if (deps.temporalUiUrl === null) return null;
  const base = deps.temporalUiUrl.replace(/\/+$/, '');
  return `${base}/namespaces/${encodeURIComponent(deps.temporalNamespace)}/workflows/${encodeURIComponent(workflowId)}`;
}

const ACTIONS = {
  pause: 'tenant.pause',
  resume: 'tenant.resume',
  flushNow: 'tenant.flush',
  closeNow: 'cycle.close',
  approve: 'cycle.approve',
  reject: 'cycle.reject',
} as const;

/** Commands go to the workflow as Updates: what it answers is the answer. */
function tenantCommand(name: TenantCommand) {
  return async (context: RouteContext): Promise<RouteAnswer> => {
    const body = await readJson(context.request, REASON_BYTES_MAX);
    const { reason = `${name} by hand` } = checkBody(body, REASON_BODY);
    const { entry } = await visibleTenant(context, parameter(context, 'id'));
    const tenant = entry.tenant.id;
    const actor = keyOf(context).keyId;
    return command(context, JSON.stringify(body), async (requestId) => {
      const answer = await context.deps.billing.commandTenant(tenant, name, { actor, reason, requestId });
      const details = { reason };
      return { answer: { status: 200, body: answer }, action: ACTIONS[name], subject: tenant, details };
    });
  };
}

function cycleCommand(name: CycleCommand) {
  return async (context: RouteContext): Promise<RouteAnswer> => {
    const body = await readJson(context.request, REASON_BYTES_MAX);
    const { reason = `${name} by hand` } = checkBody(body, REASON_BODY);
    const { entry } = await visibleTenant(context, parameter(context, 'tenant'));
    const tenant = entry.tenant.id;
    const periodStartMicros = parseInstant(parameter(context, 'periodStart'));
    if (periodStartMicros === undefined) {
      throw badRequest('invalid_path', 'the period must be its start as an RFC 3339 instant', 'periodStart');
    }
    const periodStart = formatInstant(periodStartMicros);
    const actor = keyOf(context).keyId;
    return command(context, JSON.stringify(body), async (requestId) => {
      const revision = await newestRevision(context.deps.pool, tenant, periodStartMicros);
      if (revision === undefined) {
        const message = `tenant ${tenant} has no cycle for the period ${periodStart}: GET /v1/tenants/${tenant}/cycles lists them`;
        throw notFound('unknown_cycle', message);
      }
      const cycle = { tenant, periodStart, revision };
      const answer = await context.deps.billing.commandCycle(cycle, name, { actor, reason, requestId });
      const subject = `${tenant}/${periodStart}`;
      return { answer: { status: 200, body: answer }, action: ACTIONS[name], subject, details: { reason, revision } };
    });
  };
}

export const CYCLE_ROUTES: readonly Route[] = [
  { method: 'get', path: '/v1/tenants/:id/cycles', scopes: READ, handle: getCycles },
  { method: 'post', path: '/v1/tenants/:id/pause', scopes: ADMIN, handle: tenantCommand('pause') },
  { method: 'post', path: '/v1/tenants/:id/resume', scopes: ADMIN, handle: tenantCommand('resume') },
  { method: 'post', path: '/v1/tenants/:id/flush-now', scopes: ADMIN, handle: tenantCommand('flushNow') },
  {
    method: 'post',
    path: '/v1/cycles/:tenant/:periodStart/close-now',
    scopes: ADMIN,
    handle: cycleCommand('closeNow'),
  },
  { method: 'post', path: '/v1/cycles/:tenant/:periodStart/approve', scopes: ADMIN, handle: cycleCommand('approve') },
  { method: 'post', path: '/v1/cycles/:tenant/:periodStart/reject', scopes: ADMIN, handle: cycleCommand('reject') },
];
