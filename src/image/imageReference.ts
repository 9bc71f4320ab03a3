import { BulkheadError } from '../core/errors';

// github.com/distribution/reference: [domain[:port]/]path[:tag][@digest]
const PATTERN =
  /^(?:(?<domain>(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d{1,5})?)\/)?(?<path>[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** Docker Hub's key in the credentials of Docker's config.json. */
export const DOCKER_HUB = 'https://index.docker.io/v1/';

export interface ImageReference {
  /** With a tag or a digest, as the Engine's pull wants it (without one it would pull every tag). */
  full: string;
  /** Under which the registry's credentials are stored. */
  registry: string;
}

/** @throws BulkheadError of kind `usage` if it is no image reference. */
export function parseImageReference(text: string): ImageReference {
  const groups = text.length <= 512 ? PATTERN.exec(text)?.groups : undefined;
  if (!groups) {
    throw new BulkheadError(`${JSON.stringify(text.slice(0, 200))} is not an image reference`, {
      kind: 'usage',
      next: 'Write it as name:tag or registry.example/name:tag.',
    });
  }
  const { domain, tag, digest } = groups;
  // Docker: the first part names a registry only if it looks like a host.
  const isHost = domain !== undefined && (/[.:]/.test(domain) || domain === 'localhost');
  return {
    full: tag || digest ? text : `${text}:latest`,
    registry: isHost && domain !== 'docker.io' ? domain : DOCKER_HUB,
  };
}
