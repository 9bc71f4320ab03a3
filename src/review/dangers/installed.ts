import { foldName, longName } from './foldName';

/** Folders that package managers fill, folded. Editors, linters and interpreters load what is in them without being asked. */
const FOLDERS = new Set([
  'node_modules',
  'bower_components',
  'jspm_packages',
  'web_modules',
  'venv',
  '.venv',
  'virtualenv',
  '.virtualenv',
  'site-packages',
  'dist-packages',
  '__pypackages__',
  '__pycache__',
  '.tox',
  '.nox',
  '.eggs',
  'vendor',
  'pods',
  'carthage',
  'elm-stuff',
  '.pnpm-store',
]);
/** What makes a folder with the ordinary name `env` a Python environment. */
const ENVIRONMENT = /^env\/(?:bin|lib64|pyvenv\.cfg|lib\/python[^/]*|scripts\/activate[^/]*)(?:\/|$)/;

/** The topmost folder on the way to `path` (or the path itself) that package managers fill; undefined if there is none. */
export function installedFolder(path: string): string | undefined {
  const names = path.split('/');
  const folded = names.map((name) => longName(foldName(name)));
  const at = folded.findIndex(
    (name, depth) => FOLDERS.has(name) || (name === 'env' && ENVIRONMENT.test(folded.slice(depth).join('/'))),
  );
  return at < 0 ? undefined : names.slice(0, at + 1).join('/');
}

/** As `installedFolder`, for many paths: each folder is looked at once. */
export function installedFolders(): (path: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (path) => {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (!known.has(folder)) {
      known.set(folder, folder === '' ? undefined : installedFolder(folder));
    }
    return known.get(folder);
  };
}

export function isInstalled(path: string): boolean {
  return installedFolder(path) !== undefined;
}
