import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { bulkheadSchema } from '../../../src/settings/bulkheadSchema';
import { bulkheadJsonSchema } from '../../../src/settings/jsonSchema';

describe('bulkheadJsonSchema', () => {
  it('is what is committed (else: npm run schema)', async () => {
    const committed = await readFile(new URL('../../../media/bulkhead.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(committed)).toEqual(bulkheadJsonSchema());
  });

  it('documents every key and allows no other', () => {
    const schema = bulkheadJsonSchema() as { properties: object; additionalProperties: boolean };
    expect(Object.keys(schema.properties)).toEqual(Object.keys(bulkheadSchema.shape));
    expect(schema.additionalProperties).toBe(false);
  });

  it('is documented in docs/settings.md, key by key', async () => {
    const page = await readFile(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
    for (const key of Object.keys(bulkheadSchema.shape)) {
      expect(page).toContain(`\`${key}`);
    }
  });
});
