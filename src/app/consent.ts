import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
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
import { allowedHost } from '../settings/hostPattern';
import { readFolder } from './folderSettings';
import type { Services } from './services';
import { wait } from './wait';

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
  const real = await realFolder(folder);
  await services.grants.update(
    real,
    async (answer) => {
      const shown = await folderAsks(services, folder, options);
      if (shown.digest !== digest) {
        throw new BulkheadError(`What ${folder} asks for has changed since it was shown`, {
          kind: 'usage',
          next: `Look at it again: \`bulkhead consent\`, or "Review What This Folder Asks For" in the editor.`,
        });
      }
      const granted = shown.asks.filter(({ kind }) => kinds === 'all' || kinds.includes(kind));
      return {
        digest,
        asked: shown.asks.map(bare),
        granted: united([...earlier(answer, digest), ...granted.map(bare)]),
        answered: true,
      };
    },
    wait(options),
  );
  return folderAsks(services, folder, options);
}

/**
 * Takes the answer for these kinds back; without any, every answer for the folder is forgotten. That is done before the folder's
 * files are looked at: they may be broken, or gone.
 */
export async function revokeGrants(
  services: Reading,
  folder: string,
  options: WaitOptions & { kinds?: readonly AskKind[] } = {},
): Promise<FolderAsks> {
  const { kinds } = options;
  const real = await realFolder(folder);
  const forget = (answer: Grant | undefined) =>
    answer && kinds && { ...answer, granted: answer.granted.filter(({ kind }) => !kinds.includes(kind)) };
  await services.grants.update(real, forget, wait(options));
  return folderAsks(services, folder, options);
}

/**
 * Writes a host into the folder's `.bulkhead.json`, or takes it out, because the user said so: that is his agreement to this
 * one host. What the folder asks for besides keeps its answer; if it changed in the meantime, nothing is granted.
 * @throws BulkheadError of kind `usage` if the host is none, the file can't be edited, or the host stands in another file
 */
export async function editWorkspaceHosts(
  services: Reading,
  folder: string,
  change: { add: string } | { remove: string },
  options: WaitOptions = {},
): Promise<FolderAsks> {
  const host = checkedHost('add' in change ? change.add : change.remove);
  const real = await realFolder(folder);
  const edit = async (answer: Grant | undefined): Promise<Grant> => {
    const before = await folderAsks(services, folder, options);
    const kept = earlier(answer, before.digest);
    const named = hostsOf(before.asks);
    if ('add' in change ? !named.includes(host) : named.includes(host)) {
      await editHosts(before.folder, host, 'add' in change);
    }
    const after = await folderAsks(services, folder, options);
    const expected = 'add' in change ? [...named, host] : named.filter((each) => each !== host);
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
    return {
      digest: after.digest,
      asked: after.asks.map(bare),
      granted: united(granted),
      // What was never shown to him is not answered by this.
      answered: before.answered || others.length + named.length === 0,
    };
  };
  await services.grants.update(real, edit, wait(options));
  return folderAsks(services, folder, options);
}

/** As the schema wants it: one host that it refuses would make the whole file of no use. */
function checkedHost(text: string): string {
  const checked = allowedHost.safeParse(text);
  if (!checked.success) {
    throw new BulkheadError(`${printable(JSON.stringify(text), 300)} can't be written into .bulkhead.json`, {
      kind: 'usage',
      next: 'Name a host such as example.org, *.example.org or example.org:8443.',
    });
  }
  return checked.data;
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

/** What is wrong with one that is not there is said by whoever reads its settings. */
function realFolder(folder: string): Promise<string> {
  return realpath(folder).catch(() => resolve(folder));
}

function hostsOf(asks: readonly Ask[]): string[] {
  return asks.find(({ kind }) => kind === 'network-hosts')?.values ?? [];
}

/** What the answer grants of exactly these asks. */
function earlier(answer: Grant | undefined, digest: string): AskedThing[] {
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
