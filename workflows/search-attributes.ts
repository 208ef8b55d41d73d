import { defineSearchAttributeKey } from '@temporalio/common';

/**
 * Attributes that operators filter cycles and tenants by, set by the workflows and by those who start them. The server must know
 * them before a workflow that sets them starts.
 */
export const TENANT_ID = defineSearchAttributeKey('TenantId', 'KEYWORD');
export const PERIOD_START = defineSearchAttributeKey('PeriodStart', 'DATETIME');
export const CYCLE_STAGE = defineSearchAttributeKey('CycleStage', 'KEYWORD');
export const PLAN_KEY = defineSearchAttributeKey('PlanKey', 'KEYWORD');
export const REVISION = defineSearchAttributeKey('Revision', 'INT');
