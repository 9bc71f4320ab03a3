/**
 * What tools on the host run, or obey, as soon as they look at a folder: out of the guest's reach in a folder that is mounted
 * read-write. `.git`, and `HEAD` (which makes any folder a repository), count at any depth: git and editors look for repositories
 * below. The others count directly in the folder; a package below may well have them.
 * Names are compared without regard to ASCII case; a `*` in front stands for any beginning. guest/share/guard.c holds the guest
 * to it, read-only mounts hold what is there already.
 */
export const PROTECTED_AT_TOP: readonly string[] = [
  '.git',
  // Editors: settings name programs, tasks run by themselves.
  '.vscode',
  '.idea',
  '.vs',
  '.zed',
  '.fleet',
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
  // Coding agents: servers and hooks that they start.
  '.mcp.json',
  '.claude',
  '.cursor',
];

/** True for a name directly in the folder that the guest may not change. */
export function isProtectedAtTop(name: string): boolean {
  const lower = name.toLowerCase();
  return PROTECTED_AT_TOP.some((pattern) =>
    pattern.startsWith('*')
      ? lower.endsWith(pattern.slice(1).toLowerCase())
      : lower === pattern.toLowerCase(),
  );
}
