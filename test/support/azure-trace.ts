import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The real trace lies beside the project, not in it: tests that need it say so when it is absent. */
export const AZURE_TRACE = resolve('../shared/data/azure-llm-inference-code-2023.csv');
export const azureTraceIsMissing = !existsSync(AZURE_TRACE);

/** The catalogue of the acceptance figures: a base fee, two token prices, requests in packages, one tax. */
export function azureCatalogue(tenant: string): string {
  return `
issuer:
  name: Tollkeeper Test Ltd
  addressLines: [1 Toll Lane]
meters:
  - { key: requests, eventType: llm.request, aggregation: count, unit: request }
  - { key: input_tokens, eventType: llm.request, aggregation: sum, value: { property: inputTokens }, unit: token }
  - { key: output_tokens, eventType: llm.request, aggregation: sum, value: { property: outputTokens }, unit: token }
plans:
  - key: code
    name: Code completion
    currency: USD
    baseFee: 20.00
    charges:
      - key: input_tokens
        meter: input_tokens
        description: Input tokens
        price:
          model: graduated
          bands:
            - { upTo: 1000000, unitPrice: 0 }
            - { upTo: null, unitPrice: 0.000003 }
      - key: output_tokens
        meter: output_tokens
        description: Output tokens
        price: { model: per_unit, unitPrice: 0.000015 }
      - key: requests
        meter: requests
        description: Requests
        price: { model: package, size: 1000, packagePrice: 0.50 }
tenants:
  - id: ${tenant}
    name: Code Company
    currency: USD
    timeZone: UTC
    billingStart: 2023-11-01T00:00:00Z
    endsAt: 2023-12-01T00:00:00Z
    periodLength: month
    lateWindow: 1h
    taxRates: [{ name: Sales tax, percent: 8.25 }]
    paymentTermsDays: 14
    plan: code
    paused: true
    buyer: { name: Code Company, addressLines: [2 Token Street] }
`;
}

/** Arguments of the command that imports the trace. */
export function importArguments(file: string, tenant: string): string[] {
  return [
    'import',
    file,
    '--tenant',
    tenant,
    '--type',
    'llm.request',
    '--time',
    'TIMESTAMP',
    '--property',
    'inputTokens=ContextTokens',
    '--property',
    'outputTokens=GeneratedTokens',
  ];
}
