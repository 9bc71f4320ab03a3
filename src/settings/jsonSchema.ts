import * as z from 'zod';
import { bulkheadSchema } from './bulkheadSchema';

/**
 * The JSON schema (draft 7, which VS Code knows best) of `.bulkhead.json`, as it is committed in
 * `media/bulkhead.schema.json`. The two `allow…` keys are VS Code's own.
 */
export function bulkheadJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(bulkheadSchema, { io: 'input', target: 'draft-7' }),
    title: 'Bulkhead workspace settings (.bulkhead.json)',
    allowComments: true,
    allowTrailingCommas: true,
  };
}
