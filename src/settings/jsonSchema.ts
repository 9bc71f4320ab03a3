import * as z from 'zod';
import { bulkheadSchema } from './bulkheadSchema';

type JsonSchema = Record<string, unknown>;

/**
 * The JSON schema (draft 7, which VS Code knows best) of `.bulkhead.json`, as it is committed in
 * `media/bulkhead.schema.json`. `allow…`, `markdownDescription`, `enumDescriptions` and `defaultSnippets` are VS Code's own.
 */
export function bulkheadJsonSchema(): JsonSchema {
  return {
    ...z.toJSONSchema(bulkheadSchema, { io: 'input', target: 'draft-7', override: withDocs }),
    title: 'Bulkhead workspace settings (.bulkhead.json)',
    allowComments: true,
    allowTrailingCommas: true,
  };
}

/** zod leaves out the default and the examples of what is transformed, because they are its output; ours are input. */
function withDocs({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  const meta = z.globalRegistry.get(zodSchema);
  if (meta?.description === undefined) {
    return;
  }
  const { description, examples } = meta;
  const standard = meta['default'];
  if (standard !== undefined) {
    jsonSchema['default'] = standard;
  }
  if (examples !== undefined) {
    jsonSchema['examples'] = examples;
  }
  const code = (value: unknown) => `\`${JSON.stringify(value)}\``;
  const notes = [
    ...(standard === undefined || description.includes('Default:') ? [] : [`Default: ${code(standard)}`]),
    ...(Array.isArray(examples) ? [`For example: ${examples.map(code).join(', ')}`] : []),
  ];
  jsonSchema['markdownDescription'] = [description, ...notes].join('\n\n');
}

/** What restricts a value and is of use for completion and hover all the same. */
const ALTERNATIVES = ['type', 'enum', 'enumDescriptions'] as const;
/** What restricts a value and nothing else. */
const RESTRICTIONS = [
  'anyOf',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'maxItems',
  'propertyNames',
  'additionalProperties',
] as const;

/**
 * The same schema for our own editor, as it is committed in `media/bulkhead.editor.schema.json`: completion and hover
 * as ever, but every value is accepted. What is wrong is said by the extension (with a fix), and would be said twice.
 */
export function editorJsonSchema(): JsonSchema {
  return accepting(bulkheadJsonSchema());
}

/** The same for `customizations.bulkhead` in devcontainer.json: `media/devcontainer.editor.schema.json`. */
export function devcontainerEditorSchema(): JsonSchema {
  const { $schema, title, allowComments, allowTrailingCommas, ...bulkhead } = editorJsonSchema();
  const properties = isSchema(bulkhead['properties']) ? { ...bulkhead['properties'] } : {};
  delete properties['$schema'];
  const description = 'What Bulkhead makes of this folder: the keys of .bulkhead.json.';
  return {
    $schema,
    title: 'Bulkhead in devcontainer.json',
    allowComments,
    allowTrailingCommas,
    properties: {
      customizations: {
        properties: {
          bulkhead: { ...bulkhead, description, defaultSnippets: [{ label: '{}', body: {} }], properties },
        },
      },
    },
  };
}

function accepting(schema: JsonSchema): JsonSchema {
  const { properties, items } = schema;
  const described: JsonSchema = {};
  const restricted: JsonSchema = {};
  for (const [key, value] of Object.entries(schema)) {
    if (ALTERNATIVES.some((name) => name === key)) {
      restricted[key] = value;
    } else if (!RESTRICTIONS.some((name) => name === key)) {
      described[key] = value;
    }
  }
  if (isSchema(properties)) {
    described['properties'] = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, isSchema(value) ? accepting(value) : value]),
    );
    return described;
  }
  if (isSchema(items)) {
    described['items'] = accepting(items);
    return described;
  }
  // The first alternative is for completion; the second takes whatever the first does not.
  return Object.keys(restricted).length === 0 ? described : { ...described, anyOf: [restricted, {}] };
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
