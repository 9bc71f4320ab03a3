import * as z from 'zod';
import { bulkheadSchema } from './bulkheadSchema';

const HEAD = `// What the virtual machine of this folder is. Every key is optional. Take away the
// slashes before what should differ; what stands there is the default, or an example.
`;

/**
 * A new `.bulkhead.json` with every key of the schema, its description above it, commented out with its default (or an
 * example). As it is it asks for nothing.
 */
export function settingsTemplate(): string {
  const entries = Object.entries(bulkheadSchema.shape)
    .filter(([key]) => key !== '$schema')
    .map(([key, schema]) => commented(key, schema, '  '));
  return `${HEAD}{\n${entries.join('\n\n')}\n}\n`;
}

function commented(key: string, schema: z.ZodType, indent: string): string {
  return [...description(schema), ...entry(key, schema)]
    .map((line) => `${indent}// ${line}`.trimEnd())
    .join('\n');
}

/** The lines of a key with its value, as they would stand without the slashes. */
function entry(key: string, schema: z.ZodType): string[] {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (!(inner instanceof z.ZodObject)) {
    return [`${JSON.stringify(key)}: ${spaced(shownValue(schema))},`];
  }
  const shape: Record<string, unknown> = inner.shape;
  const lines = Object.entries(shape).flatMap(([name, property]) =>
    property instanceof z.ZodType
      ? [...description(property).map((line) => `// ${line}`), ...entry(name, property)]
      : [],
  );
  return [`${JSON.stringify(key)}: {`, ...lines.map((line) => `  ${line}`), '},'];
}

function shownValue(schema: z.ZodType): unknown {
  const meta = z.globalRegistry.get(schema);
  const examples = meta?.['examples'];
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  const standard = meta?.['default'];
  const empty = standard === undefined || (Array.isArray(standard) && standard.length === 0);
  // An empty list shows nothing of what stands in it.
  return empty ? (example ?? standard) : standard;
}

/** JSON on one line, as people write it. */
function spaced(value: unknown): string {
  return JSON.stringify(value, undefined, 1).replace(/\n\s*/g, (_, offset: number, text: string) =>
    /[[{]/.test(text[offset - 1] ?? '') || /^\s*[\]}]/.test(text.slice(offset)) ? '' : ' ',
  );
}

/** At most 80 characters a line, so that it can be read beside the editor's minimap. */
function description(schema: z.ZodType): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of (z.globalRegistry.get(schema)?.description ?? '').split(' ')) {
    if (line !== '' && line.length + word.length >= 80) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}
