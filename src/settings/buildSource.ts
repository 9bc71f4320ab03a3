import { join, relative } from 'node:path';
import type { SettingsProblem } from './settingsProblem';
import { type Refusal, resolveInside } from './workspacePath';
import type { ImageSource } from './workspaceSpec';

export type ImageSourceResult = { image: ImageSource } | { problems: SettingsProblem[] };

export interface WrittenBuild {
  dockerfile?: string | undefined;
  context?: string | undefined;
  args?: Record<string, string> | undefined;
  target?: string | undefined;
}

/**
 * A build whose Dockerfile and context exist in the workspace, as real paths. Both are written relative to `base`;
 * without a Dockerfile it is `Dockerfile` in the context, without a context it is `base`.
 */
export async function buildSource(
  folder: string,
  base: string,
  build: WrittenBuild,
  problemAt: (key: 'dockerfile' | 'context', refusal: Refusal) => SettingsProblem,
): Promise<ImageSourceResult> {
  const context = await resolveInside(folder, base, build.context ?? '.', 'directory');
  if ('refused' in context) {
    return { problems: [problemAt('context', named(build.context ?? '.', context.refused))] };
  }
  const written = build.dockerfile ?? join(relative(base, context.path), 'Dockerfile');
  const dockerfile = await resolveInside(folder, base, written, 'file');
  if ('refused' in dockerfile) {
    return { problems: [problemAt('dockerfile', named(written, dockerfile.refused))] };
  }
  return {
    image: {
      kind: 'build',
      dockerfile: dockerfile.path,
      context: context.path,
      args: build.args ?? {},
      ...(build.target !== undefined && { target: build.target }),
    },
  };
}

function named(written: string, refusal: Refusal): Refusal {
  return { message: `${JSON.stringify(written)} ${refusal.message}`, fix: refusal.fix };
}
