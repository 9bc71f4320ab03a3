import { BulkheadError } from '../core/errors';
import type { WaitOptions } from '../machine/hypervisor';
import {
  type Ask,
  type AskedThing,
  type AskKind,
  asksDigest,
  type FolderAsks,
  type Grant,
} from '../settings/asks';
import { readBulkheadFile } from '../settings/bulkheadFile';
import { setBulkheadSetting } from '../settings/editBulkheadFile';
import { readFolder } from './folderSettings';
import type { Services } from './services';

type Reading = Pick<Services, 'defaults' | 'grants'>;

/** What the folder asks for beyond the safe defaults, and what of it counts. @throws SettingsError */
export async function folderAsks(
  services: Reading,
  folder: string,
  options: WaitOptions = {},
): Promise<FolderAsks> {
  return (await readFolder(services, folder, options)).asks;
}

/**
 * Keeps the user's answer: `kinds` of what was shown to him count from now on, besides what he has granted of it before; none
 * of them means that he has seen it and goes on without.
 * @throws BulkheadError of kind `usage` if the folder no longer asks for what `digest` names
 */
export async function grantAsks(
  services: Reading,
  folder: string,
  digest: string,
  kinds: readonly AskKind[] | 'all',
  options: WaitOptions = {},
): Promise<FolderAsks> {
  const shown = await folderAsks(services, folder, options);
  if (shown.digest !== digest) {
    throw new BulkheadError(`What ${folder} asks for has changed since it was shown`, {
      kind: 'usage',
      next: `Look at it again: \`bulkhead consent\`, or "Review What This Folder Asks For" in the editor.`,
    });
  }
  const granted = shown.asks.filter(({ kind }) => kinds === 'all' || kinds.includes(kind));
  await services.grants.write(shown.folder, {
    digest,
    asked: shown.asks.map(bare),
    granted: united([...(await earlier(services, shown)), ...granted.map(bare)]),
    answered: true,
  });
  return folderAsks(services, folder, options);
}

/** Takes the answer for these kinds back; without any, every answer for the folder is forgotten. */
export async function revokeGrants(
  services: Reading,
  folder: string,
  options: WaitOptions & { kinds?: readonly AskKind[] } = {},
): Promise<FolderAsks> {
  const { kinds } = options;
  const asks = await folderAsks(services, folder, options);
  const kept = kinds && (await services.grants.read(asks.folder));
  if (kinds && kept) {
    await services.grants.write(asks.folder, {
      ...kept,
      granted: kept.granted.filter(({ kind }) => !kinds.includes(kind)),
    });
  } else {
    await services.grants.remove(asks.folder);
  }
  return folderAsks(services, folder, options);
}

/**
 * Writes a host into the folder's `.bulkhead.json`, or takes it out, because the user said so: that is his agreement to this
 * one host. What the folder asks for besides keeps its answer; if it changed in the meantime, nothing is granted.
 * @throws BulkheadError of kind `usage` if the file can't be edited, or the host stands in another file
 */
export async function editWorkspaceHosts(
  services: Reading,
  folder: string,
  change: { add: string } | { remove: string },
  options: WaitOptions = {},
): Promise<FolderAsks> {
  const before = await folderAsks(services, folder, options);
  const kept = await earlier(services, before);
  const host = ('add' in change ? change.add : change.remove).toLowerCase();
  const listed = hostsOf(before.asks);
  if ('add' in change ? !listed.includes(host) : listed.includes(host)) {
    await editHosts(before.folder, host, 'add' in change);
  }
  const after = await folderAsks(services, folder, options);
  const expected = 'add' in change ? [...listed, host] : listed.filter((each) => each !== host);
  const others = before.asks.filter(({ kind }) => kind !== 'network-hosts').map(bare);
  const hosts = [...new Set(expected)];
  const wanted = [
    ...others,
    ...(hosts.length > 0 ? [{ kind: 'network-hosts' as const, values: hosts }] : []),
  ];
  if (after.digest !== asksDigest(before.folder, wanted)) {
    throw new BulkheadError(`The settings of ${folder} changed while ${host} was written into them`, {
      kind: 'usage',
      next: 'Look at what the folder asks for, and try again.',
    });
  }
  const granted = [
    ...kept.map(({ kind, values }) => ({
      kind,
      values: kind === 'network-hosts' ? values.filter((value) => hosts.includes(value)) : values,
    })),
    ...('add' in change ? [{ kind: 'network-hosts' as const, values: [host] }] : []),
  ];
  await services.grants.write(before.folder, {
    digest: after.digest,
    asked: after.asks.map(bare),
    granted: united(granted),
    // What was never shown to him is not answered by this.
    answered: before.answered || others.length + listed.length === 0,
  });
  return folderAsks(services, folder, options);
}

async function editHosts(folder: string, host: string, add: boolean): Promise<void> {
  const file = await readBulkheadFile(folder);
  const own = file !== undefined && 'layer' in file ? (file.layer.settings.network?.allow ?? []) : [];
  if (add) {
    const path = own.length > 0 ? ['network', 'allow', own.length] : ['network', 'allow'];
    await setBulkheadSetting(folder, path, own.length > 0 ? host : [host]);
    return;
  }
  // From the end, so that those before keep their places.
  const places = own.flatMap((each, index) => (each === host ? [index] : [])).toReversed();
  if (places.length === 0) {
    throw new BulkheadError(`${host} is not in the folder's .bulkhead.json`, {
      kind: 'usage',
      next: 'Take it out of devcontainer.json by hand.',
    });
  }
  for (const index of places) {
    await setBulkheadSetting(folder, ['network', 'allow', index], undefined);
  }
}

function hostsOf(asks: readonly Ask[]): string[] {
  return asks.find(({ kind }) => kind === 'network-hosts')?.values ?? [];
}

/** What the answer grants of exactly these asks. */
async function earlier(services: Reading, { folder, digest }: FolderAsks): Promise<AskedThing[]> {
  const answer: Grant | undefined = await services.grants.read(folder);
  return answer?.digest === digest ? answer.granted : [];
}

function bare({ kind, values }: AskedThing): AskedThing {
  return { kind, values };
}

/** One entry a kind. */
function united(things: readonly AskedThing[]): AskedThing[] {
  const byKind = new Map<AskKind, string[]>();
  for (const { kind, values } of things) {
    byKind.set(kind, [...new Set([...(byKind.get(kind) ?? []), ...values])]);
  }
  return [...byKind].map(([kind, values]) => ({ kind, values }));
}
