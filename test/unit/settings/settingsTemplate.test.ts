import { expect, it } from 'vitest';
import { parseBulkheadFile } from '../../../src/settings/bulkheadFile';
import { bulkheadSchema } from '../../../src/settings/bulkheadSchema';
import { checkSettingsText } from '../../../src/settings/checkText';
import { settingsTemplate } from '../../../src/settings/settingsTemplate';

it('asks for nothing as it is', async () => {
  const text = settingsTemplate();
  const parsed = parseBulkheadFile('/w/.bulkhead.json', text);
  expect(parsed).toMatchObject({ layer: { settings: {} } });
  expect(
    await checkSettingsText({ path: '/w/.bulkhead.json', text, kind: 'bulkhead', onHost: false }),
  ).toEqual([]);
});

/** Takes the slashes away from what is not a description. */
function uncommented(text: string, wanted: (line: string) => boolean): string {
  return text
    .split('\n')
    .map((line) => {
      const code = /^ {2}\/\/ (.*)$/.exec(line)?.[1];
      return code !== undefined && /^ *(?:"|\}|\/\/)/.test(code) && wanted(code) ? `  ${code}` : line;
    })
    .join('\n');
}

it('every key is there, and valid without its slashes', () => {
  const text = uncommented(settingsTemplate(), () => true);
  const result = parseBulkheadFile('/w/.bulkhead.json', text);
  // "image" and "build" exclude each other; everything else stands side by side.
  expect(result).toMatchObject({ problems: [{ key: 'build', message: 'stands together with "image"' }] });
  const parsed = parseBulkheadFile(
    '/w/.bulkhead.json',
    uncommented(settingsTemplate(), (code) => !code.startsWith('"image"')),
  );
  if (!('layer' in parsed)) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  const keys = Object.keys(bulkheadSchema.shape).filter((key) => key !== '$schema' && key !== 'image');
  expect(Object.keys(parsed.layer.settings).sort()).toEqual(keys.sort());
  expect(parsed.layer.settings).toMatchObject({
    cpus: 2,
    memory: 2 * 1024 ** 3,
    network: { mode: 'allowlist' },
  });
});
