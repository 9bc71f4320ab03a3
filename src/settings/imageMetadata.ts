import * as z from 'zod';
import { BulkheadError } from '../core/errors';
import { environmentOf, hooksOf, metadataKeys, portsOf } from './devcontainerSchema';
import { explainIssues } from './explainIssues';
import { parseJsonDocument } from './jsonDocument';
import { formatProblem, plainSource, type SettingsProblem } from './settingsProblem';
import { devcontainerId, substituteAll, type VariableValues } from './variables';
import {
  LIFECYCLE_HOOKS,
  type LifecycleCommand,
  type LifecycleHook,
  type WorkspaceSpec,
} from './workspaceSpec';

/** The label that an image made for dev containers carries (containers.dev, "Image Metadata"). */
export const METADATA_LABEL = 'devcontainer.metadata';

const MAX_LABEL_LENGTH = 1024 ** 2;
const MAX_ENTRIES = 500;

const entrySchema = z.object({
  /** The Feature that it comes from; the image's own and devcontainer.json's entries have none. */
  id: z.string().max(1024).optional(),
  ...metadataKeys,
});

/** One entry of the label: the keys that concern us, checked. Whatever else stands there is ignored. */
export type ImageMetadataEntry = z.output<typeof entrySchema>;

/**
 * Reads the label's JSON: a list of entries, or one entry. It comes with the image, so it is untrusted.
 * Throws a `failed` error that names the key if it is malformed.
 */
export function parseImageMetadata(label: string): ImageMetadataEntry[] {
  const source = plainSource(`label ${METADATA_LABEL} of the image`);
  if (label.length > MAX_LABEL_LENGTH) {
    throw metadataError([source.problemAt([], 'is longer than 1 MiB', 'Make it shorter.')]);
  }
  const document = parseJsonDocument(source.label, label);
  if (document.problems.length > 0) {
    throw metadataError(document.problems);
  }
  const schema = z.array(entrySchema).max(MAX_ENTRIES);
  const value = Array.isArray(document.value) ? document.value : [document.value];
  const checked = schema.safeParse(value);
  if (!checked.success) {
    throw metadataError(explainIssues(schema, value, checked.error.issues, source));
  }
  return checked.data;
}

function metadataError(problems: SettingsProblem[]): BulkheadError {
  const lines = problems.slice(0, 20).map(formatProblem);
  return new BulkheadError(`Failed to read the image's metadata: ${lines[0] ?? 'unknown problem'}`, {
    next: `Correct or remove the image's label ${METADATA_LABEL}.`,
    details: lines.join('\n'),
  });
}

/**
 * The spec with what its image asks for, by the specification's merge rules: the last user wins, variables are
 * overridden one by one, hooks are collected (the image's first); devcontainer.json comes last. Ports of the image are left out.
 */
export function mergeImageMetadata(
  spec: WorkspaceSpec,
  entries: readonly ImageMetadataEntry[],
): WorkspaceSpec {
  const warnings = [...spec.warnings];
  const containerEnv: Record<string, string> = {};
  const remoteEnv: Record<string, string> = {};
  const hooks: Partial<Record<LifecycleHook, LifecycleCommand[]>> = {};
  const ports = new Set<number>();
  let remoteUser: string | undefined;
  let containerUser: string | undefined;
  const refused = new Set<string>();

  for (const entry of withoutOwn(spec, entries).map((raw) => substituted(spec, raw, refused))) {
    remoteUser = entry.remoteUser ?? remoteUser;
    containerUser = entry.containerUser ?? containerUser;
    Object.assign(containerEnv, entry.containerEnv);
    Object.assign(
      remoteEnv,
      environmentOf(entry.remoteEnv ?? {}, (name) => delete remoteEnv[name]),
    );
    for (const port of portsOf(entry.forwardPorts ?? [], () => undefined)) {
      ports.add(port);
    }
    addHooks(hooks, hooksOf(entry));
  }
  addHooks(hooks, spec.hooks);
  if (refused.size > 0) {
    warnings.push(
      "The image's metadata asks for variables of the host, which a workspace does not get: their defaults are used, or nothing.",
    );
  }

  // A port opens on the user's own computer: an image can't ask for that, as nobody sees its label before it is there.
  const left = [...ports].filter((port) => !spec.forwardPorts.includes(port));
  if (left.length > 0) {
    warnings.push(
      `The image asks to open the machine's ports ${left.slice(0, 20).join(', ')} on this computer, which an image does not get: forward them yourself, or write them into forwardPorts of .bulkhead.json.`,
    );
  }

  const { containerUser: inferred, remoteUser: wanted, ...rest } = spec;
  const explicit = inferred === undefined ? wanted : undefined;
  const user = explicit ?? remoteUser ?? inferred ?? containerUser;
  return {
    ...rest,
    ...(user !== undefined && { remoteUser: user }),
    containerEnv: { ...containerEnv, ...spec.containerEnv },
    remoteEnv: { ...remoteEnv, ...spec.remoteEnv },
    hooks,
    warnings,
  };
}

/** `@devcontainers/cli` ends the label of what it builds with devcontainer.json's own entry, which the spec has already. */
function withoutOwn(
  spec: WorkspaceSpec,
  entries: readonly ImageMetadataEntry[],
): readonly ImageMetadataEntry[] {
  const last = entries.at(-1);
  const own = spec.image.kind === 'devcontainer' && last !== undefined && last.id === undefined;
  return own ? entries.slice(0, -1) : entries;
}

function substituted(
  spec: WorkspaceSpec,
  entry: ImageMetadataEntry,
  refused: Set<string>,
): ImageMetadataEntry {
  const configFile = spec.sources.find((path) => path.endsWith('devcontainer.json')) ?? '';
  const values: VariableValues = {
    localWorkspaceFolder: spec.folder,
    containerWorkspaceFolder: spec.workspaceFolder,
    devcontainerId: devcontainerId(spec.folder, configFile),
  };
  const result = entrySchema.safeParse(substituteAll(entry, values, (name) => refused.add(name)));
  if (!result.success) {
    const source = plainSource(`label ${METADATA_LABEL} of the image`);
    throw metadataError(explainIssues(entrySchema, entry, result.error.issues, source));
  }
  return result.data;
}

function addHooks(
  to: Partial<Record<LifecycleHook, LifecycleCommand[]>>,
  from: Partial<Record<LifecycleHook, LifecycleCommand[]>>,
): void {
  for (const hook of LIFECYCLE_HOOKS) {
    const more = from[hook];
    if (more !== undefined) {
      to[hook] = [...(to[hook] ?? []), ...more];
    }
  }
}
