import { relative } from 'node:path';
import { listed } from '../core/listed';
import type { Ask, AskedThing, AskKind } from './asks';
import { ASK_WORDS } from './asks';
import type { SettingsLayer } from './bulkheadFile';
import type { BulkheadSettings } from './bulkheadSchema';
import { type Layers, pick, repoLayers } from './layers';
import { keyOf, type SettingsPath, type SettingsSource } from './settingsProblem';
import type { NetworkMode } from './workspaceSpec';

/** What the repo's files ask for beyond the safe defaults, and where. */
export interface Wish extends AskedThing {
  source: SettingsSource;
  path: SettingsPath;
}

/**
 * Of the repo's files: what the command line says makes no difference to what is asked; of the user's settings only that his
 * network is `none`, which makes `allowlist` more than he wants.
 */
export function wishesOf(layers: Layers): Wish[] {
  const repo = repoLayers(layers);
  const list = (
    kind: AskKind,
    path: SettingsPath,
    read: (settings: BulkheadSettings) => readonly string[] | undefined,
  ): Wish[] => {
    // Both files' lists count: to write one is no way to take the other's back.
    const values = [...new Set(repo.flatMap(({ settings }) => read(settings) ?? []))];
    const first = repo.find(({ settings }) => (read(settings)?.length ?? 0) > 0);
    return first ? [{ kind, values, source: first.source, path: [...first.prefix, ...path] }] : [];
  };
  const flag = <T>(
    kind: AskKind,
    path: SettingsPath,
    read: (settings: BulkheadSettings) => T | undefined,
    wanted: T,
  ): Wish[] => {
    const found = pick(repo, read);
    return found?.value === wanted
      ? [{ kind, values: [], source: found.layer.source, path: [...found.layer.prefix, ...path] }]
      : [];
  };
  const mount = flag('mount', ['workspace', 'mode'], ({ workspace }) => workspace?.mode, 'mount');
  return [
    ...list('network-hosts', ['network', 'allow'], ({ network }) => network?.allow),
    ...list('network-presets', ['network', 'presets'], ({ network }) => network?.presets),
    ...(networkModeOf(layers.user.settings) === 'none' ? allowlistWish(repo) : []),
    ...flag('network-full', ['network', 'mode'], networkModeOf, 'full'),
    ...portsWish(layers),
    ...mount,
    ...(mount.length > 0
      ? flag('mount-write', ['workspace', 'readOnly'], ({ workspace }) => workspace?.readOnly, false)
      : []),
    ...flag('forward-agent', ['ssh', 'forwardAgent'], ({ ssh }) => ssh?.forwardAgent, true),
    ...list('git-credentials', ['credentials', 'git'], ({ credentials }) => credentials?.git),
    ...list('environment', ['credentials', 'env'], ({ credentials }) => credentials?.env),
  ];
}

/** A list of hosts means it too. */
function allowlistWish(repo: readonly SettingsLayer[]): Wish[] {
  const found = pick(repo, networkModeOf);
  if (found?.value !== 'allowlist') {
    return [];
  }
  const { source, prefix, settings } = found.layer;
  const { mode, allow = [] } = settings.network ?? {};
  const key = mode !== undefined ? 'mode' : allow.length > 0 ? 'allow' : 'presets';
  return [{ kind: 'network-allowlist', values: [], source, path: [...prefix, 'network', key] }];
}

function portsWish(layers: Layers): Wish[] {
  const { devcontainer } = layers;
  const found = pick(repoLayers(layers), ({ forwardPorts }) => forwardPorts);
  const ports = found?.value ?? devcontainer?.forwardPorts ?? [];
  const source = found?.layer.source ?? devcontainer?.document;
  return source && ports.length > 0
    ? [
        {
          kind: 'forward-ports',
          values: [...new Set(ports)].map(String),
          source,
          path: [...(found?.layer.prefix ?? []), 'forwardPorts'],
        },
      ]
    : [];
}

/** The mode that a layer means: hosts without a mode are for `allowlist`. */
export function networkModeOf({ network }: BulkheadSettings): NetworkMode | undefined {
  const { mode, allow, presets } = network ?? {};
  return mode ?? ((allow?.length ?? 0) + (presets?.length ?? 0) > 0 ? 'allowlist' : undefined);
}

/** `file:line:column: key`, the file relative to the folder. */
export function originText(folder: string, { source, path }: Pick<Wish, 'source' | 'path'>): string {
  const { range, source: label } = source.placeOf(path);
  return range
    ? `${relative(folder, label)}:${range.line + 1}:${range.column + 1}: ${keyOf(path)}`
    : `${label}: ${keyOf(path)}`;
}

/** Values in one sentence; the rest is counted. */
const SHOWN_VALUES = 20;

/** What is asked for, as it follows "to". The values have been checked: they hold nothing but names and numbers. */
export function askedFor({ kind, values }: AskedThing): string {
  const named = listed(values, SHOWN_VALUES);
  switch (kind) {
    case 'network-hosts':
      return `reach ${named} over the network`;
    case 'network-presets':
      return `reach the package hosts of ${named}, which are shown before they count`;
    case 'network-allowlist':
      return 'have a network at all (the hosts that are allowed), where your settings say none';
    case 'network-full':
      return "reach everything that this computer's containers reach";
    case 'forward-ports':
      return `open the machine's ${values.length === 1 ? 'port' : 'ports'} ${named} on 127.0.0.1 of this computer`;
    case 'mount':
      return "see this computer's folder itself instead of a copy";
    case 'mount-write':
      return "write into this computer's folder";
    case 'forward-agent':
      return "have this computer's SSH agent sign in your name";
    case 'git-credentials':
      return `use your git credentials for ${named}`;
    case 'environment':
      return `get ${values.length === 1 ? 'the variable' : 'the variables'} ${named} of your environment`;
  }
}

/** Says what has no effect, and how it gets one. */
export function withheldText({ kind, values, grantedValues, origin }: Ask): string {
  const missing = values.filter((value) => !grantedValues.includes(value));
  const word = ASK_WORDS[kind];
  return `The folder asks to ${askedFor({ kind, values: missing })} (${origin}), which takes effect only once you allow it: \`bulkhead up --allow-${word}\` or \`bulkhead consent --grant ${word}\`.`;
}
