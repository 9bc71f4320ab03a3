import * as z from 'zod';

/** What a value must be, for the sentence "<value> is not <what>. <fix>" and for the JSON schema. */
export interface Expectation {
  /** As in "a whole number from 1 to 64". */
  what: string;
  /** What to write, as a sentence. */
  fix: string;
  /** What somebody who wrote this probably meant; checked against the schema before anybody sees it. */
  repair?: Repair | undefined;
}

export type Repair = (written: unknown) => string | number | boolean | undefined;

/** The expectations of this room's schemas; `explainIssues` looks them up. */
export const expectations = z.registry<Expectation>();

/** Attaches the expectation to a schema. */
export function expects<T extends z.ZodType>(schema: T, what: string, fix: string, repair?: Repair): T {
  expectations.add(schema, { what, fix, repair });
  return schema;
}

/** A list of at most `max` entries. */
export function listOf<T extends z.ZodType>(entry: T, what: string, fix: string, max: number): z.ZodArray<T> {
  return expects(z.array(entry).max(max), `a list of at most ${max} ${what}`, fix);
}

/** One of the keys of `values`; the texts say what each of them means. */
export function oneOf<const T extends Record<string, string>>(values: T) {
  const list = Object.keys(values)
    .map((value) => `"${value}"`)
    .join(', ');
  const keys = Object.keys(values) as (keyof T & string)[];
  const schema = z.enum(keys).meta({ enumDescriptions: Object.values(values) });
  return expects(schema, `one of ${list}`, `Write one of ${list}.`);
}
