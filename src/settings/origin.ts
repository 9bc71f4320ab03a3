import type { SettingsLayer } from './bulkheadFile';
import { keyOf, type SettingsPath, type SettingsRange, type SettingsSource } from './settingsProblem';

/** Where a value comes from. The first four are the layers, strongest first (with devcontainer.json's own keys). */
export type OriginKind =
  | 'command line'
  | '.bulkhead.json'
  | 'devcontainer.json'
  | 'user settings'
  | 'default';

export interface Origin {
  kind: OriginKind;
  /** Absolute host path, for what stands in a file. */
  file?: string;
  range?: SettingsRange;
  /** The key as it stands there: `customizations.bulkhead.cpus`, `hostRequirements.memory`. */
  key?: string;
  /** Why the value is not what the origin asks for. */
  note?: string;
}

/** Origins by the key of `.bulkhead.json` (or of devcontainer.json, for what only that has). */
export type Origins = Map<string, Origin>;

export const DEFAULT_ORIGIN: Origin = { kind: 'default' };

export function originIn(kind: OriginKind, source: SettingsSource, path: SettingsPath): Origin {
  const { range } = source.placeOf(path);
  return { kind, key: keyOf(path), ...(range && { file: source.label, range }) };
}

export function originOf(layer: SettingsLayer, path: SettingsPath): Origin {
  return originIn(layer.kind, layer.source, [...layer.prefix, ...path]);
}
