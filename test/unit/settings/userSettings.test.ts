import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bulkheadJsonSchema } from '../../../src/settings/jsonSchema';

interface Property {
  type?: string;
  enum?: string[];
  enumDescriptions?: string[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  anyOf?: Property[];
  properties?: Record<string, Property>;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));
const SETTINGS: Record<string, Property> = read('package.json').contributes.configuration.properties;
const TEXTS: Record<string, string> = read('package.nls.json');

/** Keys of `.bulkhead.json` that are no user settings, and why. */
const NOT_FOR_USERS: Record<string, string> = {
  $schema: 'belongs to a file',
  build: 'belongs to one workspace',
  forwardPorts: 'belongs to one workspace',
  'network.presets': 'chosen for one machine, or asked for by a folder',
  'workspace.mode': 'chosen for one folder',
  'workspace.readOnly': 'chosen for one folder',
  attach: 'only "files" is supported yet',
  'ssh.forwardAgent': 'given to one machine',
  'credentials.git': 'given to one machine',
  'credentials.env': 'given to one machine',
  idleTimeout: 'nothing acts on it yet',
};
/** Values that a user setting does not offer, because they are errors until they work. */
const NOT_YET: Record<string, string[]> = { accelerator: ['hyperv'] };
/** User settings that are no keys of `.bulkhead.json`, or are called otherwise there. */
const OWN = ['buildNetwork', 'statusBar.resources', 'terminal.replaceHostTerminals'];
const CALLED: Record<string, string> = { image: 'defaultImage' };

function leaves(schema: Property, prefix = ''): [string, Property][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) =>
    property.properties && NOT_FOR_USERS[`${prefix}${key}`] === undefined
      ? leaves(property, `${key}.`)
      : [[`${prefix}${key}`, property] as [string, Property]],
  );
}

const keys = leaves(bulkheadJsonSchema() as Property).filter(([key]) => NOT_FOR_USERS[key] === undefined);

it('every key of .bulkhead.json that makes sense for a user is a setting, and no other', () => {
  const expected = [...keys.map(([key]) => CALLED[key] ?? key), ...OWN].map((key) => `bulkhead.${key}`);
  expect(Object.keys(SETTINGS).sort()).toEqual(expected.sort());
});

it.each(keys)('%s has the limits, the values and the default that the file has', (key, property) => {
  const setting = SETTINGS[`bulkhead.${CALLED[key] ?? key}`];
  expect(setting?.default).toEqual(property.default);
  expect([setting?.minimum, setting?.maximum]).toEqual([property.minimum, property.maximum]);
  const values = property.enum?.filter((value) => !NOT_YET[key]?.includes(value));
  expect(setting?.enum).toEqual(values);
  const texts = values?.map((value) => property.enumDescriptions?.[property.enum?.indexOf(value) ?? -1]);
  const shown = setting?.enumDescriptions?.map((name) => TEXTS[name.slice(1, -1)]);
  expect(shown).toEqual(texts);
  const text = property.anyOf?.find(({ type }) => type === 'string');
  if (text) {
    expect(setting?.pattern).toBe(text.pattern);
  }
});
