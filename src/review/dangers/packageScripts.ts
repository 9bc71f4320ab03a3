/** Keys of package.json that say what runs, or brings in what runs, at `npm install` and the like. */
const RUNNING = [
  'scripts',
  'bin',
  'gypfile',
  'binary',
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'bundledDependencies',
  'bundleDependencies',
  'overrides',
  'resolutions',
  'workspaces',
  'packageManager',
  'devEngines',
  'config',
  'publishConfig',
  'directories',
  'husky',
  'lint-staged',
  'pre-commit',
  'pre-push',
  'simple-git-hooks',
  'gitHooks',
  'pnpm',
  'volta',
  'eslintConfig',
  'babel',
  'jest',
  'prettier',
  'browserslist',
  'release',
  // What is resolved to another file, and what may run at an installation.
  'imports',
  'exports',
  'catalog',
  'catalogs',
  'dependenciesMeta',
  'trustedDependencies',
  'allowScripts',
  'lavamoat',
  // Hooks, runners, linters and test tools that have their settings here.
  'ghooks',
  'hooks',
  'wireit',
  'nx',
  'build',
  'nodemonConfig',
  'prisma',
  'commitlint',
  'stylelint',
  'standard',
  'xo',
  'ava',
  'mocha',
  'nyc',
  'c8',
  'tap',
  'vitest',
  'postcss',
  'remarkConfig',
  'ts-node',
  'tsup',
  'oclif',
] as const;

/** Whether a package.json differs in anything that runs. What can't be read as an object might be anything. */
export function packageRunsOther(before: Buffer | undefined, after: Buffer): boolean {
  const [old, now] = [before ? parse(before) : {}, parse(after)];
  if (!old || !now) {
    return true;
  }
  return RUNNING.some((key) => textOf(old[key]) !== textOf(now[key]));
}

/** What is nested too deeply to be written down is like nothing else. */
function textOf(value: unknown): unknown {
  try {
    return JSON.stringify(value);
  } catch {
    return Symbol('too deep');
  }
}

function parse(content: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
