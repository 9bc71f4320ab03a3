import { lstat, readdir, readlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { throwIfCancelled } from '../../core/errors';
import { readSmallFile } from '../../core/regularFile';
import { gitSettings } from '../dangers/gitSettings';
import { asRelative, type Lead, leadsOf } from './lead';

const CONFIG_MAX = 1024 * 1024;
/** Settings files of one repository, with what they include. */
const CONFIGS_MAX = 20;
const HOOKS_MAX = 1_000;

/**
 * What git here reads or runs in a work tree by its settings and by links in its `.git`: hooks, included settings, filters.
 * All of it is read as files; git is not run. Settings of the user and the system count, conditions don't.
 */
export async function gitLeads(root: string, workTree: string): Promise<Lead[]> {
  const place = join(root, workTree);
  const gitFolder = await gitFolderOf(place);
  const common = gitFolder === undefined ? undefined : await commonFolderOf(gitFolder);
  const name = workTree === '' ? '.git' : `${workTree}/.git`;
  const leads: Lead[] = [];
  for (const folder of new Set([gitFolder, common])) {
    for (const part of folder === undefined ? [] : ['', 'hooks', 'info']) {
      leads.push(...(await linksIn(root, join(folder ?? '', part), part === '' ? name : `${name}/${part}`)));
    }
  }
  const settings = await new Settings().read(gitFolder, common);
  for (const folder of settings.hookFolders) {
    const absolute = resolve(place, atHome(folder));
    const to = asRelative(root, absolute);
    leads.push(...(to === undefined ? [] : [{ name: `${name}/hooks`, to }]));
    leads.push(...(await leadsOf(root, `${name}/hooks`, absolute, absolute)));
    leads.push(...(await linksIn(root, absolute, `${name}/hooks`)));
  }
  for (const path of settings.paths) {
    const absolute = resolve(place, atHome(path));
    // A word of a command that is no path is a name for git or for a program, unless a file has it.
    if (path.includes('/') || (await isFile(absolute))) {
      leads.push(...(await leadsOf(root, `${name}/config`, absolute, absolute)));
    }
  }
  for (const absolute of settings.files) {
    leads.push(...(await leadsOf(root, `${name}/config`, absolute, absolute)));
  }
  return leads;
}

class Settings {
  readonly hookFolders: string[] = [];
  readonly paths: string[] = [];
  /** Absolute: files with settings, there or not yet. */
  readonly files = new Set<string>();

  async read(gitFolder: string | undefined, common: string | undefined): Promise<this> {
    const own = [common, gitFolder].flatMap((folder) =>
      folder === undefined ? [] : [join(folder, 'config'), join(folder, 'config.worktree')],
    );
    const home = homedir();
    const xdg = process.env['XDG_CONFIG_HOME'] ?? join(home, '.config');
    const waiting = [...own, join(home, '.gitconfig'), join(xdg, 'git/config'), '/etc/gitconfig'];
    for (
      let file = waiting.shift();
      file !== undefined && this.files.size < CONFIGS_MAX;
      file = waiting.shift()
    ) {
      if (this.files.has(file)) {
        continue;
      }
      this.files.add(file);
      const { includes, paths, hookFolders } = gitSettings(await textOf(file));
      this.paths.push(...paths);
      this.hookFolders.push(...hookFolders);
      const folder = dirname(file);
      waiting.push(...includes.map((path) => resolve(folder, atHome(path))));
    }
    return this;
  }
}

/** `.git` itself, or where a `.git` that is a file leads (a submodule, a work tree). */
async function gitFolderOf(workTree: string): Promise<string | undefined> {
  const path = join(workTree, '.git');
  const stat = await lstat(path).catch(() => undefined);
  if (!stat?.isFile()) {
    return stat && path;
  }
  const [, target] = /^gitdir:\s*(.+?)\s*$/m.exec(await textOf(path)) ?? [];
  return target === undefined ? undefined : resolve(workTree, target);
}

async function commonFolderOf(gitFolder: string): Promise<string> {
  const target = (await textOf(join(gitFolder, 'commondir'))).trim();
  return target === '' ? gitFolder : resolve(gitFolder, target);
}

async function linksIn(root: string, folder: string, name: string): Promise<Lead[]> {
  const own = await linkAt(root, folder, name);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink()).slice(0, HOOKS_MAX);
  const found = await Promise.all(
    links.map((link) => linkAt(root, join(folder, link.name), `${name}/${link.name}`)),
  );
  return [...own, ...found.flat()];
}

async function linkAt(root: string, path: string, name: string): Promise<Lead[]> {
  const target = await readlink(path).catch(() => undefined);
  return target === undefined ? [] : leadsOf(root, name, target, path);
}

/** Empty if it can't be read: then git can't either. */
async function textOf(file: string): Promise<string> {
  try {
    return (await readSmallFile(file, CONFIG_MAX)).toString('utf8');
  } catch (error) {
    throwIfCancelled(error);
    return '';
  }
}

async function isFile(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isFile() === true;
}

function atHome(path: string): string {
  return path.replace(/^~(?=\/|$)/, homedir());
}
