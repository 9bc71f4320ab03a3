import * as z from 'zod';

/** What a value must be, for the sentence "<value> is not <what>. <fix>" and for the JSON schema. */
export interface Expectation {
  /** As in "a whole number from 1 to 64". */
  what: string;
  /** What to write, as a sentence. */
  fix: string;
}

/** The expectations of this room's schemas; `explainIssues` looks them up. */
export const expectations = z.registry<Expectation>();

/** Attaches the expectation to a schema. */
export function expects<T extends z.ZodType>(schema: T, what: string, fix: string): T {
  expectations.add(schema, { what, fix });
  return schema;
}

/** A list of at most `max` entries. */
export function listOf<T extends z.ZodType>(entry: T, what: string, fix: string, max: number): z.ZodArray<T> {
  return expects(z.array(entry).max(max), `a list of at most ${max} ${what}`, fix);
}

/** One of `values`. */
export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  const list = values.map((value) => `"${value}"`).join(', ');
  return expects(z.enum(values), `one of ${list}`, `Write one of ${list}.`);
}
