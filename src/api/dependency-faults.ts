import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';

import { unavailable } from './api-error.ts';
import type { ApiError } from './api-error.ts';

/**
 * SQLSTATE classes after which the same statement may succeed: connection lost, resources short, cancelled by an operator or by
 * a time-out, lock not had in time.
 */
const PASSING_SQL_STATES = /^(?:08|53|57|55P03|40001|40P01)/;
const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENOENT',
]);
/** What the driver of PostgreSQL says without a code when a connection breaks or none is had in time. */
const DRIVER_MESSAGES =
  /^(?:Connection terminated|timeout expired|timeout exceeded when trying to connect|Client has encountered a connection error)/;
const REDIS_ERRORS =
  /^(?:MaxRetriesPerRequestError|ReplyError|AbortError|ClusterAllFailedError|RedisAbortError|MeterUnavailableError|RedisProfileError)$/;
const REDIS_MESSAGES = /^(?:Connection is closed|Command timed out|Stream isn't writeable|Socket closed)/;
/** gRPC codes of a server that is away, busy or slow: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const PASSING_GRPC_CODES: ReadonlySet<number> = new Set([4, 8, 14]);

/**
 * Tells the fault of a dependency, which is a 503 that names it, from a fault of ours. `undefined`: it is not one.
 * Only PostgreSQL is reached through plain sockets here: the driver reports their errors as they come.
 */
export function dependencyFault(error: unknown): ApiError | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as { code?: unknown }).code;
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return unavailable('temporal', 'or no worker took the command in time');
  }
  // The client wraps what gRPC said.
  if (error instanceof ServiceError) return dependencyFault(error.cause);
  if (isGrpcServiceError(error)) {
    return PASSING_GRPC_CODES.has(error.code) ? unavailable('temporal', firstLine(error.details)) : undefined;
  }
  // The meter says so of the ledger behind it too: what that said is the cause.
  if (error.name === 'MeterUnavailableError') {
    const cause = dependencyFault(error.cause);
    if (cause !== undefined) return cause;
  }
  if (REDIS_ERRORS.test(error.name) || REDIS_MESSAGES.test(error.message)) {
    return unavailable('redis', firstLine(error.message));
  }
  if (typeof code === 'string' && code.length === 5 && PASSING_SQL_STATES.test(code)) {
    return unavailable('postgresql', firstLine(error.message));
  }
  if ((typeof code === 'string' && SOCKET_CODES.has(code)) || DRIVER_MESSAGES.test(error.message)) {
    return unavailable('postgresql', reasonOf(error));
  }
  return undefined;
}

/** Why a program could not start, in one line. */
export function startFailure(error: unknown): string {
  const fault = dependencyFault(error);
  if (fault !== undefined)
    return `${String(fault.details.members?.['dependency'])} does not answer: ${reasonOf(error)}`;
  return reasonOf(error);
}

/** Node reports several refused addresses of one host as one error without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? firstLine(error.message) : String(error);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
