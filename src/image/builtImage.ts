import { BulkheadError } from '../core/errors';
import type { Engine } from './engine';
import { engineFailure, statusOf } from './engineFailure';

/** An image that the engine holds, ready to become a disk. */
export interface BuiltImage {
  /** `sha256:…` */
  id: string;
  /** The name that it was asked for or tagged with. */
  reference: string;
  /** diff_ids (`sha256:…`), the base's first. */
  layers: string[];
  /** Docker's `USER`: `name`, `uid`, `name:group` or `uid:gid`; '' is root. */
  user: string;
  env: Record<string, string>;
  /** Docker's `WORKDIR`, '/' if it has none. */
  workingDir: string;
  labels: Record<string, string>;
  /** Nothing had to be built or pulled. */
  cached: boolean;
  /** The engine's word on its size, for progress. */
  sizeBytes: number;
}

const DIFF_ID = /^sha256:[0-9a-f]{64}$/;

/** Reads an image from the engine; undefined if it has none of that name. */
export async function inspectImage(engine: Engine, reference: string): Promise<BuiltImage | undefined> {
  let info: Awaited<ReturnType<ReturnType<Engine['docker']['getImage']>['inspect']>>;
  try {
    info = await engine.docker.getImage(reference).inspect();
  } catch (error) {
    if (statusOf(error) === 404) {
      return undefined;
    }
    throw engineFailure(`The image ${reference} can't be inspected`, error);
  }
  const layers = info.RootFS?.Layers ?? [];
  if (!DIFF_ID.test(info.Id) || !layers.every((layer) => DIFF_ID.test(layer))) {
    throw new BulkheadError(
      `The Engine describes the image ${reference} in a way that Bulkhead doesn't know`,
    );
  }
  if (info.Os !== 'linux' || info.Architecture !== engine.arch) {
    throw new BulkheadError(
      `The image ${reference} is for ${info.Os}/${info.Architecture}, and this host is linux/${engine.arch}`,
      { kind: 'host', next: `Use an image for linux/${engine.arch}, or an Engine on another machine.` },
    );
  }
  const config = info.Config;
  return {
    id: info.Id,
    reference,
    layers,
    user: config?.User ?? '',
    env: parseEnv(config?.Env ?? []),
    workingDir: config?.WorkingDir || '/',
    labels: { ...config?.Labels },
    cached: true,
    sizeBytes: info.Size,
  };
}

function parseEnv(lines: string[]): Record<string, string> {
  const entries = lines.map((line) => {
    const at = line.indexOf('=');
    return at < 0 ? ([line, ''] as const) : ([line.slice(0, at), line.slice(at + 1)] as const);
  });
  return Object.fromEntries(entries.filter(([name]) => name !== ''));
}
