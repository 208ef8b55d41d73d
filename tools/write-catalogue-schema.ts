/** `npm run schema`: writes docs/catalogue.schema.json from the form of catalogue files. A test compares the two. */
import { writeFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';

import { catalogueSchema } from '../src/catalog/catalogue-schema.ts';

const FILE = 'docs/catalogue.schema.json';

const style = await resolveConfig(FILE);
writeFileSync(FILE, await format(JSON.stringify(catalogueSchema()), { ...style, filepath: FILE }));
