/**
 * The meters and tenants that the ingest cases speak of, as a catalogue file.
 *
 * @param billingStart RFC 3339, 60 days ago or more
 */
export function ingestCatalogue(billingStart: string): string {
  return `
issuer: { name: Toll Ltd }
meters:
  - { key: calls, aggregation: sum, unit: call }
  - { key: gb, aggregation: sum, unit: GB, scale: 3 }
  - { key: big, aggregation: sum, unit: thing }
  - { key: requests, eventType: llm.request, aggregation: count, unit: request }
  - { key: tokens_in, eventType: llm.request, aggregation: sum, value: { property: inputTokens }, unit: token }
  - { key: tokens_out, eventType: llm.request, aggregation: sum, value: { property: outputTokens }, unit: token }
  - { key: transfer_gb, eventType: transfer, aggregation: sum, value: { property: gb }, unit: GB, scale: 3 }
  - key: transfer_gb_eu
    eventType: transfer
    aggregation: sum
    value: { property: gb }
    filter: [{ property: region, equals: eu }]
    unit: GB
    scale: 3
  - { key: seats_peak, eventType: seats, aggregation: max, value: { property: count }, unit: seat }
  - { key: active_users, eventType: login, aggregation: unique, value: { property: user }, unit: user }
plans:
  - { key: basic, currency: USD, baseFee: 1.00, charges: [] }
tenants:
  - { id: acme, currency: USD, timeZone: UTC, billingStart: ${billingStart}, plan: basic }
  - { id: globex, currency: USD, timeZone: UTC, billingStart: ${billingStart}, plan: basic }
`;
}
