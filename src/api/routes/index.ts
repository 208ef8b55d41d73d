import type { Route } from '../route.ts';
import { ADD_ON_ROUTES } from './add-on-routes.ts';
import { ALERT_ROUTES } from './alert-routes.ts';
import { ANCHOR_ROUTES } from './anchor-routes.ts';
import { CATALOGUE_ROUTES } from './catalogue-routes.ts';
import { CHECK_ROUTES } from './check-routes.ts';
import { COUPON_ROUTES } from './coupon-routes.ts';
import { CREDIT_ROUTES } from './credit-routes.ts';
import { CYCLE_ROUTES } from './cycle-routes.ts';
import { DEAD_LETTER_ROUTES } from './dead-letter-routes.ts';
import { EVENT_ROUTES } from './event-routes.ts';
import { HEALTH_ROUTES } from './health-routes.ts';
import { INCIDENT_ROUTES } from './incident-routes.ts';
import { INVOICE_ROUTES } from './invoice-routes.ts';
import { KEY_ROUTES } from './key-routes.ts';
import { METER_ROUTES } from './meter-routes.ts';
import { METRICS_ROUTES } from './metrics-routes.ts';
import { ONE_OFF_ROUTES } from './one-off-routes.ts';
import { PRICE_ROUTES } from './price-routes.ts';
import { PRICING_ROUTES } from './pricing-routes.ts';
import { MIGRATION_ROUTES } from './migration-routes.ts';
import { REFUSAL_ROUTES } from './refusal-routes.ts';
import { RESERVATION_ROUTES } from './reservation-routes.ts';
import { SPEND_ROUTES } from './spend-routes.ts';
import { TENANT_ROUTES } from './tenant-routes.ts';
import { TIMELINE_ROUTES } from './timeline-routes.ts';
import { USAGE_ROUTES } from './usage-routes.ts';
import { VERIFY_ROUTES } from './verify-routes.ts';

/** Every route of the API. docs/openapi.yaml describes the same ones; a test compares them. */
export const ROUTES: readonly Route[] = [
  ...EVENT_ROUTES,
  ...CHECK_ROUTES,
  ...RESERVATION_ROUTES,
  ...TENANT_ROUTES,
  ...TIMELINE_ROUTES,
  ...ADD_ON_ROUTES,
  ...PRICE_ROUTES,
  ...ANCHOR_ROUTES,
  ...USAGE_ROUTES,
  ...SPEND_ROUTES,
  ...REFUSAL_ROUTES,
  ...ALERT_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...CYCLE_ROUTES,
  ...INVOICE_ROUTES,
  ...CREDIT_ROUTES,
  ...ONE_OFF_ROUTES,
  ...COUPON_ROUTES,
  ...CATALOGUE_ROUTES,
  ...METER_ROUTES,
  ...MIGRATION_ROUTES,
  ...PRICING_ROUTES,
  ...KEY_ROUTES,
  ...INCIDENT_ROUTES,
  ...VERIFY_ROUTES,
  ...HEALTH_ROUTES,
  ...METRICS_ROUTES,
];
