import { expect, test } from 'vitest';

import type { Meter } from '../../src/domain/meter.ts';
import { readDimensions } from '../../src/ingest/read-meters.ts';

const NAME = 'n'.repeat(1_020);

const METER: Meter = {
  key: 'calls',
  version: 1,
  eventType: 'calls',
  aggregation: 'count',
  value: { from: 'quantity' },
  filter: [],
  dimensions: [NAME],
  unit: 'call',
  scale: 0,
};

test('a fault is told at the place it was sent at, whatever form the event before had', () => {
  const paths = ['properties', 'data'].map((propertiesPath) => {
    const read = readDimensions(METER, { properties: { [NAME]: 'eu' }, propertiesPath });
    return 'fault' in read ? read.fault.path : undefined;
  });
  expect(paths).toEqual([`properties.${NAME}`, `data.${NAME}`]);
});
