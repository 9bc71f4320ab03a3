import type { SettingsLayer } from './bulkheadFile';
import type { BulkheadSettings } from './bulkheadSchema';
import type { Devcontainer } from './devcontainer';

/** Where each value comes from, strongest first; `user` is the weakest. */
export interface Layers {
  commandLine: SettingsLayer;
  bulkheadFile?: SettingsLayer;
  devcontainer?: Devcontainer;
  user: SettingsLayer;
}

/** What the repo's files say, strongest first. */
export function repoLayers({ bulkheadFile, devcontainer }: Layers): SettingsLayer[] {
  return [bulkheadFile, devcontainer?.layer].filter((layer) => layer !== undefined);
}

/** The layers that ask for something in particular, strongest first: all but the user's defaults. */
export function askedLayers(layers: Layers): SettingsLayer[] {
  return [layers.commandLine, ...repoLayers(layers)];
}

/** The value of the first layer that has one. */
export function pick<T>(
  layers: readonly SettingsLayer[],
  read: (settings: BulkheadSettings) => T | undefined,
): { value: T; layer: SettingsLayer } | undefined {
  for (const layer of layers) {
    const value = read(layer.settings);
    if (value !== undefined) {
      return { value, layer };
    }
  }
  return undefined;
}
