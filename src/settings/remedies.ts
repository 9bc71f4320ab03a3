import { type Edit, findNodeAtLocation, parseTree } from 'jsonc-parser';
import type * as z from 'zod';
import { editJsonc } from './editJsonc';
import type { Expectation } from './expectation';
import { nearestName } from './nearestName';
import type { Remedy, SettingsPath } from './settingsProblem';

/** `parent` is the object that the key stands in. */
export function remediesForKey(
  key: string,
  known: readonly string[],
  path: SettingsPath,
  parent: unknown,
): Remedy[] {
  const there = typeof parent === 'object' && parent !== null ? Object.keys(parent) : [];
  const near = nearestName(key, known);
  const whole = [...path, key];
  return [
    ...(near === undefined || there.includes(near)
      ? []
      : [{ kind: 'rename', path: whole, to: near } as const]),
    { kind: 'remove', path: whole },
  ];
}

/** `near` is what was probably meant among a few words; a repair goes first if the schema takes it. */
export function remediesForValue(
  schema: z.ZodType | undefined,
  found: unknown,
  near: string | undefined,
  expectation: Expectation,
  path: SettingsPath,
): Remedy[] {
  const meant = near ?? expectation.repair?.(found);
  const works = meant !== undefined && meant !== found && schema?.safeParse(meant).success === true;
  return [...(works ? [{ kind: 'replace', path, value: meant } as const] : []), { kind: 'remove', path }];
}

/** The remedy's edits of the text as it is now; none if what it is about is no longer there. */
export function remedyEdits(text: string, remedy: Remedy): Edit[] {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const found = root && findNodeAtLocation(root, [...remedy.path]);
  if (!found) {
    return [];
  }
  switch (remedy.kind) {
    case 'remove':
      return editJsonc(text, remedy.path, undefined);
    case 'replace':
      return editJsonc(text, remedy.path, remedy.value);
    case 'rename': {
      const key = found.parent?.type === 'property' ? found.parent.children?.[0] : undefined;
      return key ? [{ offset: key.offset, length: key.length, content: JSON.stringify(remedy.to) }] : [];
    }
  }
}
