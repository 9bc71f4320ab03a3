import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { bulkheadSchema } from '../../../src/settings/bulkheadSchema';
import {
  bulkheadJsonSchema,
  devcontainerEditorSchema,
  editorJsonSchema,
} from '../../../src/settings/jsonSchema';

interface Json {
  properties?: Record<string, Json>;
  markdownDescription?: string;
  default?: unknown;
  examples?: unknown;
  defaultSnippets?: unknown;
}

describe('bulkheadJsonSchema', () => {
  it.each([
    ['bulkhead.schema.json', bulkheadJsonSchema],
    ['bulkhead.editor.schema.json', editorJsonSchema],
    ['devcontainer.editor.schema.json', devcontainerEditorSchema],
  ])('%s is what is committed (else: npm run schema)', async (name, make) => {
    const committed = await readFile(new URL(`../../../media/${name}`, import.meta.url), 'utf8');
    expect(JSON.parse(committed)).toEqual(make());
  });

  it('says of every key what it is, and shows a value of it', () => {
    const undocumented = (schema: Json, path: string): string[] =>
      Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
        const name = `${path}${key}`;
        const shows =
          property.default ?? property.examples ?? property.defaultSnippets ?? property.properties;
        const own = property.markdownDescription && (shows !== undefined || key === '$schema') ? [] : [name];
        return [...own, ...undocumented(property, `${name}.`)];
      });
    expect(undocumented(bulkheadJsonSchema() as Json, '')).toEqual([]);
  });

  it('the editor’s own restricts nothing: the extension says what is wrong', () => {
    const restricting = (value: unknown): boolean =>
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).some(([key, inner]) =>
        key === 'anyOf'
          ? !(Array.isArray(inner) && inner.some((each) => Object.keys(each).length === 0))
          : key === 'type' || key === 'enum' || key === 'additionalProperties' || restricting(inner),
      );
    expect(restricting(editorJsonSchema())).toBe(false);
    expect(restricting(devcontainerEditorSchema())).toBe(false);
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
