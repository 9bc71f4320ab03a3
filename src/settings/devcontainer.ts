import { printable } from '../core/log';
import { checkSettings, type SettingsLayer } from './bulkheadFile';
import {
  type DevcontainerValues,
  devcontainerSchema,
  environmentOf,
  hooksOf,
  portsOf,
} from './devcontainerSchema';
import { explainIssues } from './explainIssues';
import { checkGuestFolder, defaultGuestFolder, GUEST_FOLDER } from './guestFolder';
import { type JsonDocument, parseJsonDocument, shown } from './jsonDocument';
import { leftOutWarnings } from './leftOut';
import { parseSize } from './quantities';
import type { SettingsProblem } from './settingsProblem';
import { LIMITS } from './settingsValues';
import { devcontainerId, substituteAll, type VariableValues } from './variables';
import type { LifecycleCommand, LifecycleHook } from './workspaceSpec';

/** What a devcontainer.json asks for, variables replaced; where its image comes from is `devcontainerImage`'s affair. */
export interface Devcontainer {
  /** Absolute host path of the file. */
  path: string;
  document: JsonDocument;
  /** Checked values of the keys we read. */
  values: DevcontainerValues;
  /** True if it is one for Docker Compose. */
  compose: boolean;
  workspaceFolder?: string;
  remoteUser?: string;
  containerUser?: string;
  containerEnv: Record<string, string>;
  remoteEnv: Record<string, string>;
  forwardPorts?: number[];
  hooks: Partial<Record<LifecycleHook, LifecycleCommand[]>>;
  /** `hostRequirements`: at least this much, in CPUs and bytes. */
  atLeast: { cpus?: number; memoryBytes?: number; diskBytes?: number };
  /** `customizations.bulkhead`. */
  layer?: SettingsLayer;
  warnings: string[];
}

/** The object as it stands in the file, with the keys that are looked at one by one. */
interface Written extends Record<string, unknown> {
  customizations?: unknown;
  dockerComposeFile?: unknown;
  hostRequirements?: unknown;
  workspaceFolder?: unknown;
}

export type DevcontainerResult = { devcontainer: Devcontainer } | { problems: SettingsProblem[] };

/** Parses and checks a devcontainer.json. Never throws. `folder` is the workspace's real path. */
export function parseDevcontainerFile(path: string, text: string, folder: string): DevcontainerResult {
  const document = parseJsonDocument(path, text);
  if (document.problems.length > 0) {
    return { problems: document.problems };
  }
  const raw = document.value;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const fix = 'Write an object: { … }.';
    return { problems: [document.problemAt([], `${shown(raw)} is not an object`, fix)] };
  }
  const written: Written = Object.fromEntries(Object.entries(raw));
  const problems: SettingsProblem[] = [];
  const warnings: string[] = [];
  const refused = new Set<string>();
  const refuse = (name: string) => void refused.add(name);

  const variables: VariableValues = {
    localWorkspaceFolder: folder,
    devcontainerId: devcontainerId(folder, path),
  };
  const workspaceFolder = guestFolderOf(written, document, variables, refuse, problems);
  variables.containerWorkspaceFolder = workspaceFolder ?? defaultGuestFolder(folder);

  const keys = Object.keys(devcontainerSchema.shape);
  const read = Object.fromEntries(Object.entries(written).filter(([key]) => keys.includes(key)));
  const substituted = substituteAll(read, variables, refuse);
  const checked = devcontainerSchema.safeParse(substituted);
  if (!checked.success) {
    problems.push(...explainIssues(devcontainerSchema, substituted, checked.error.issues, document));
  }
  const layer = customizationsOf(written, document, problems);
  if (!checked.success || problems.length > 0) {
    return { problems };
  }

  const values = checked.data;
  warnings.push(...oddKeyWarnings(document), ...leftOutWarnings(written, values));
  const forwardPorts =
    values.forwardPorts &&
    portsOf(values.forwardPorts, (entry) =>
      warnings.push(leftOut(`forwardPorts entry ${shown(entry)}`, 'there is no other host than the guest')),
    );
  const remoteEnv = environmentOf(values.remoteEnv ?? {}, (name) =>
    warnings.push(leftOut(`remoteEnv.${printable(name, 80)}`, 'unsetting a variable is not supported')),
  );
  const atLeast = requirementsOf(written.hostRequirements, warnings);
  if (refused.size > 0) {
    const names = [...refused].slice(0, 20).map((name) => printable(name, 60));
    warnings.unshift(
      `devcontainer.json asks for variables of the host (${names.join(', ')}), which a workspace does not get: their defaults are used, or nothing.`,
    );
  }
  return {
    devcontainer: {
      path,
      document,
      values,
      compose: written.dockerComposeFile !== undefined,
      ...(workspaceFolder !== undefined && { workspaceFolder }),
      ...(values.remoteUser !== undefined && { remoteUser: values.remoteUser }),
      ...(values.containerUser !== undefined && { containerUser: values.containerUser }),
      containerEnv: values.containerEnv ?? {},
      remoteEnv,
      ...(forwardPorts !== undefined && { forwardPorts }),
      hooks: hooksOf(values),
      atLeast,
      ...(layer !== undefined && { layer }),
      warnings,
    },
  };
}

function leftOut(what: string, why: string): string {
  return `${what} of devcontainer.json is left out: ${why}.`;
}

function guestFolderOf(
  written: Written,
  document: JsonDocument,
  variables: VariableValues,
  refuse: (name: string) => void,
  problems: SettingsProblem[],
): string | undefined {
  const wanted = written.workspaceFolder;
  if (wanted === undefined) {
    return undefined;
  }
  const path = substituteAll(wanted, variables, refuse);
  const folder = typeof path === 'string' ? checkGuestFolder(path) : undefined;
  if (folder === undefined) {
    const message = `${shown(path)} is not ${GUEST_FOLDER.what}`;
    problems.push(document.problemAt(['workspaceFolder'], message, GUEST_FOLDER.fix));
  }
  return folder;
}

function customizationsOf(
  written: Written,
  document: JsonDocument,
  problems: SettingsProblem[],
): SettingsLayer | undefined {
  const customizations = written.customizations;
  if (typeof customizations !== 'object' || customizations === null) {
    return undefined;
  }
  const ours: unknown = Object.hasOwn(customizations, 'bulkhead')
    ? Reflect.get(customizations, 'bulkhead')
    : undefined;
  if (ours === undefined) {
    return undefined;
  }
  const prefix = ['customizations', 'bulkhead'];
  problems.push(
    ...document.oddKeys
      .filter(({ path }) => prefix.every((part, index) => path[index] === part))
      .map(({ problem }) => problem),
  );
  const result = checkSettings(ours, document, { kind: 'devcontainer.json', prefix, fromRepo: true });
  if ('problems' in result) {
    problems.push(...result.problems);
    return undefined;
  }
  return result.layer;
}

function oddKeyWarnings(document: JsonDocument): string[] {
  return document.oddKeys
    .filter(({ path }) => path[0] !== 'customizations')
    .slice(0, 10)
    .map(({ problem }) =>
      problem.key.endsWith('__proto__')
        ? `${problem.key} of devcontainer.json is left out: this key is not allowed.`
        : `${problem.key} stands twice in devcontainer.json: the last one counts.`,
    );
}

/** `hostRequirements` are hints: what can't be understood or had is left out with a warning. */
function requirementsOf(written: unknown, warnings: string[]): Devcontainer['atLeast'] {
  if (typeof written !== 'object' || written === null) {
    return {};
  }
  const quantity = (
    name: string,
    limits: { min: number; max: number },
    numberOf: (value: unknown) => number | undefined,
  ) => {
    const value: unknown = Object.hasOwn(written, name) ? Reflect.get(written, name) : undefined;
    if (value === undefined) {
      return undefined;
    }
    const found = numberOf(value);
    if (found === undefined || found > limits.max) {
      warnings.push(leftOut(`hostRequirements.${name}`, `${shown(value)} is not what a machine can have`));
      return undefined;
    }
    return Math.max(found, limits.min);
  };
  const bytes = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' ? parseSize(value) : undefined;
  const cpus = quantity('cpus', LIMITS.cpus, (value) =>
    typeof value === 'number' && Number.isInteger(value) ? value : undefined,
  );
  const memoryBytes = quantity('memory', LIMITS.memoryBytes, bytes);
  const diskBytes = quantity('storage', LIMITS.diskBytes, bytes);
  const gpu: unknown = Object.hasOwn(written, 'gpu') ? Reflect.get(written, 'gpu') : undefined;
  if (gpu !== undefined && gpu !== false && gpu !== 'optional') {
    warnings.push(leftOut('hostRequirements.gpu', 'the machine has no GPU'));
  }
  return {
    ...(cpus !== undefined && { cpus }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(diskBytes !== undefined && { diskBytes }),
  };
}
