import * as z from 'zod';
import { printable } from '../core/log';
import { type Expectation, expectations } from './expectation';
import { shown } from './jsonDocument';
import { nearestName } from './nearestName';
import { remediesForKey, remediesForValue } from './remedies';
import type { Remedy, SettingsProblem, SettingsSource } from './settingsProblem';

/** Says what zod found in terms of the settings: one problem per wrong key or value, with its fix. */
export function explainIssues(
  schema: z.ZodType,
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  source: SettingsSource,
  prefix: readonly (string | number)[] = [],
): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  for (const issue of issues) {
    const inner = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const path = [...prefix, ...inner];
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(schemaAt(schema, inner));
      for (const key of issue.keys) {
        const problem = source.problemAt([...path, key], 'unknown key', fixForKey(key, known), 'key');
        problems.push({ ...problem, remedies: remediesForKey(key, known, path, valueAt(value, inner)) });
      }
      continue;
    }
    const found = valueAt(value, inner);
    const removal: Remedy[] = [{ kind: 'remove', path }];
    const expectation = expectationAt(schema, inner, issue.code === 'invalid_key');
    if (issue.code === 'custom') {
      problems.push({ ...source.problemAt(path, issue.message, expectation.fix), remedies: removal });
    } else if (issue.code === 'invalid_key') {
      const name = shown(inner.at(-1));
      const problem = source.problemAt(path, `${name} is not ${expectation.what}`, expectation.fix, 'key');
      problems.push({ ...problem, remedies: removal });
    } else if (issue.code === 'too_big' && Array.isArray(found)) {
      problems.push(source.problemAt(path, `has more than ${issue.maximum} entries`, 'Remove some.'));
    } else {
      const near =
        issue.code === 'invalid_value' && typeof found === 'string'
          ? nearestName(found, issue.values.map(String))
          : undefined;
      const fix = near === undefined ? expectation.fix : `Did you mean "${near}"? ${expectation.fix}`;
      const problem = source.problemAt(path, `${shown(found)} is not ${expectation.what}`, fix);
      const remedies = remediesForValue(schemaAt(schema, inner), found, near, expectation, path);
      problems.push({ ...problem, remedies });
    }
  }
  return problems;
}

function fixForKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  return near === undefined
    ? `Remove it; the keys here are ${known.join(', ')}.`
    : `Did you mean "${printable(near)}"?`;
}

/** A schema without its wrappers (optional, default, transform). */
function bare(schema: z.ZodType): z.ZodType {
  let current: unknown = schema;
  for (;;) {
    if (current instanceof z.ZodOptional || current instanceof z.ZodNullable) {
      current = current.unwrap();
    } else if (current instanceof z.ZodPipe) {
      current = current.in;
    } else {
      return current instanceof z.ZodType ? current : z.unknown();
    }
  }
}

function childOf(schema: z.ZodType, part: string | number): z.ZodType | undefined {
  const parent = bare(schema);
  let child: unknown;
  if (parent instanceof z.ZodObject) {
    child = Object.hasOwn(parent.shape, part) ? parent.shape[part] : undefined;
  } else if (parent instanceof z.ZodArray) {
    child = parent.element;
  } else if (parent instanceof z.ZodRecord) {
    child = parent.valueType;
  }
  return child instanceof z.ZodType ? child : undefined;
}

function schemaAt(schema: z.ZodType, path: readonly (string | number)[]): z.ZodType | undefined {
  let current: z.ZodType | undefined = schema;
  for (const part of path) {
    current = current && childOf(current, part);
  }
  return current;
}

function keysOf(schema: z.ZodType | undefined): string[] {
  const object = schema && bare(schema);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

/** The expectation of the schema at `path`, or of the nearest parent that has one. */
function expectationAt(schema: z.ZodType, path: readonly (string | number)[], ofKey: boolean): Expectation {
  let found: Expectation = { what: 'an object', fix: 'Write an object: { … }.' };
  let current: z.ZodType | undefined = schema;
  for (const [index, part] of path.entries()) {
    const parent: z.ZodType = bare(current);
    const last = index === path.length - 1;
    if (ofKey && last && parent instanceof z.ZodRecord) {
      const key: unknown = parent.keyType;
      return (key instanceof z.ZodType ? expectationOf(key) : undefined) ?? found;
    }
    current = childOf(parent, part);
    if (current === undefined) {
      break;
    }
    found = expectationOf(current) ?? found;
  }
  return found;
}

function expectationOf(schema: z.ZodType): Expectation | undefined {
  let current: unknown = schema;
  while (current instanceof z.ZodType) {
    const found = expectations.get(current);
    if (found !== undefined) {
      return found;
    }
    if (current instanceof z.ZodOptional || current instanceof z.ZodNullable) {
      current = current.unwrap();
    } else if (current instanceof z.ZodPipe) {
      current = current.in;
    } else if (current instanceof z.ZodObject) {
      return { what: 'an object', fix: 'Write an object: { … }.' };
    } else {
      return undefined;
    }
  }
  return undefined;
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) {
      return undefined;
    }
    current = Reflect.get(current, part);
  }
  return current;
}
