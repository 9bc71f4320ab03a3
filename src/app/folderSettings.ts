import { realpath } from 'node:fs/promises';
import { type AskKind, asksDigest, type FolderAsks, type Grants } from '../settings/asks';
import type { ReadWorkspaceOptions } from '../settings/readWorkspace';
import { readWorkspace } from '../settings/readWorkspace';
import type { WorkspaceSpec } from '../settings/workspaceSpec';
import type { Services } from './services';
import { wait } from './wait';

export type FolderOptions = Pick<ReadWorkspaceOptions, 'overrides' | 'signal'> & { allow?: Grants['now'] };

/** What `readSettings` takes: the user's settings, and what he agreed to for this folder. */
export async function settingsOptions(
  services: Pick<Services, 'defaults' | 'grants'>,
  folder: string,
  options: FolderOptions = {},
): Promise<ReadWorkspaceOptions> {
  // A folder that is not there has no answer; what is wrong with it is said by whoever reads its settings.
  const real = await realpath(folder).catch(() => undefined);
  const answer = real === undefined ? undefined : await services.grants.read(real);
  return {
    defaults: services.defaults,
    ...(options.overrides && { overrides: options.overrides }),
    grants: { ...(answer && { answer }), ...(options.allow && { now: options.allow }) },
    ...wait(options),
  };
}

/** What the folder's files, the user and his answer make of a machine. @throws SettingsError */
export async function readFolder(
  services: Pick<Services, 'defaults' | 'grants'>,
  folder: string,
  options: FolderOptions = {},
): Promise<{ spec: WorkspaceSpec; asks: FolderAsks }> {
  const settings = await settingsOptions(services, folder, options);
  const spec = await readWorkspace(folder, settings);
  const digest = asksDigest(spec.folder, spec.asks);
  const answer = settings.grants?.answer;
  const wasShown = (kind: AskKind) => answer?.asked.some((each) => each.kind === kind) === true;
  const answered =
    spec.asks.length === 0 ||
    (answer?.digest === digest && answer.answered && spec.asks.every(({ kind }) => wasShown(kind)));
  return { spec, asks: { folder: spec.folder, digest, asks: spec.asks, answered } };
}
