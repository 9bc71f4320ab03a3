import { join } from 'node:path';
import { type BulkheadSettings, bulkheadSchema } from './bulkheadSchema';
import { explainIssues } from './explainIssues';
import { parseJsonDocument } from './jsonDocument';
import type { OriginKind } from './origin';
import { BULKHEAD_FILE } from './settingsFiles';
import {
  plainSource,
  type Remedy,
  type SettingsPath,
  type SettingsProblem,
  type SettingsSource,
} from './settingsProblem';
import { readWorkspaceFile } from './workspacePath';

/** Checked settings of one source, with the way back to where each stands. */
export interface SettingsLayer {
  settings: BulkheadSettings;
  kind: OriginKind;
  source: SettingsSource;
  /** Where `settings` stands in the source's text (`customizations.bulkhead` in devcontainer.json). */
  prefix: SettingsPath;
  /** True if the repo wrote it: it may ask, and never grants. */
  fromRepo: boolean;
}

export type LayerResult = { layer: SettingsLayer } | { problems: SettingsProblem[] };

/** Checks a value against the schema of `.bulkhead.json`. */
export function checkSettings(
  value: unknown,
  source: SettingsSource,
  where: { kind: OriginKind; prefix?: SettingsPath; fromRepo: boolean },
): LayerResult {
  const prefix = where.prefix ?? [];
  const checked = bulkheadSchema.safeParse(value);
  if (!checked.success) {
    return { problems: explainIssues(bulkheadSchema, value, checked.error.issues, source, prefix) };
  }
  const settings = checked.data;
  if (settings.image !== undefined && settings.build !== undefined) {
    const fix = 'Keep "image" or "build".';
    const problem = source.problemAt([...prefix, 'build'], 'stands together with "image"', fix, 'key');
    const remedies: Remedy[] = [
      { kind: 'remove', path: [...prefix, 'build'] },
      { kind: 'remove', path: [...prefix, 'image'] },
    ];
    return { problems: [{ ...problem, remedies }] };
  }
  return { layer: { settings, kind: where.kind, source, prefix, fromRepo: where.fromRepo } };
}

/** Parses and checks the text of a `.bulkhead.json`. Never throws; `path` is for messages. */
export function parseBulkheadFile(path: string, text: string): LayerResult {
  const document = parseJsonDocument(path, text);
  if (document.problems.length > 0) {
    return { problems: document.problems };
  }
  const odd = document.oddKeys.map(({ problem }) => problem);
  const result = checkSettings(document.value, document, { kind: '.bulkhead.json', fromRepo: true });
  if (odd.length > 0) {
    return { problems: 'problems' in result ? [...odd, ...result.problems] : odd };
  }
  return result;
}

/** Reads the folder's `.bulkhead.json`; undefined if there is none. `folder` is a real path. */
export async function readBulkheadFile(
  folder: string,
): Promise<(LayerResult & { path: string }) | undefined> {
  const path = join(folder, BULKHEAD_FILE);
  const file = await readWorkspaceFile(folder, path);
  if ('missing' in file) {
    return undefined;
  }
  if ('refused' in file) {
    const { message, fix } = file.refused;
    return { path, problems: [plainSource(path).problemAt([], message, fix)] };
  }
  return { path, ...parseBulkheadFile(path, file.text) };
}
