/**
 * What tools on the host run, or obey, as soon as they look at a folder: out of the guest's reach in a folder that is mounted
 * read-write. Names are compared without regard to case; a `*` in front stands for any beginning. guest/share/names.c holds the
 * guest to it, read-only mounts hold what is there already. It also knows `.git`, and `HEAD` (which makes any folder a
 * repository), at any depth.
 */

/**
 * Settings that count in whatever folder is opened, so at any depth; not in `node_modules`, where packages bring their own and
 * nobody opens them.
 */
export const PROTECTED_AT_ANY_DEPTH: readonly string[] = [
  // Editors: settings name programs, tasks run by themselves.
  '.vscode',
  '.idea',
  '.vs',
  '.zed',
  '.fleet',
  '.helix',
  '*.code-workspace',
  // Programs that vim runs, if the user lets it.
  '.exrc',
  '.vimrc',
  '.nvimrc',
  '.nvim.lua',
  '.envrc',
  // Containers, and this extension.
  '.devcontainer',
  '.devcontainer.json',
  '.bulkhead.json',
  // Coding agents: servers and hooks that they start.
  '.mcp.json',
  '.claude',
  '.cursor',
];

/** What counts only directly in a repository, so in the folder itself. */
export const PROTECTED_AT_TOP: readonly string[] = [
  // Folders that git's hooks are often put in (`core.hooksPath`), and what their managers read.
  '.husky',
  '.githooks',
  '.lefthook',
  'lefthook.yml',
  '.pre-commit-config.yaml',
  // Continuous integration: runs with the project's secrets once it is pushed.
  '.github',
  '.gitlab-ci.yml',
  '.gitlab',
  '.gitea',
  '.forgejo',
  '.circleci',
  '.travis.yml',
  '.drone.yml',
  '.woodpecker',
  '.woodpecker.yml',
  '.buildkite',
  'Jenkinsfile',
  'azure-pipelines.yml',
  'bitbucket-pipelines.yml',
  'appveyor.yml',
];

/** True for a name directly in the folder that the guest may not change. */
export function isProtectedAtTop(name: string): boolean {
  const lower = name.toLowerCase();
  return ['.git', ...PROTECTED_AT_ANY_DEPTH, ...PROTECTED_AT_TOP].some((pattern) =>
    pattern.startsWith('*')
      ? lower.endsWith(pattern.slice(1).toLowerCase())
      : lower === pattern.toLowerCase(),
  );
}
