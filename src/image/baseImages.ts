import { dockerfileLines } from './dockerfile';

/** No image reference is longer (`parseImageReference`), and no honest build starts from more images: each is asked for. */
const MAX_REFERENCE = 512;
const MAX_BASES = 64;

/**
 * The images that a Dockerfile starts from, as far as they can be told without running it: no stages, no `scratch`, no
 * reference with a variable other than a build argument's; at most 64.
 */
export function baseImages(dockerfile: string, args: Record<string, string>): string[] {
  const known = new Map<string, string>();
  const stages = new Set<string>(['scratch']);
  const found = new Set<string>();
  for (const line of dockerfileLines(dockerfile)) {
    const arg = /^ARG\s+(\w+)(?:=(\S*))?$/i.exec(line);
    if (arg?.[1]) {
      const value = Object.hasOwn(args, arg[1]) ? args[arg[1]] : arg[2]?.replace(/^(["'])(.*)\1$/, '$2');
      if (value !== undefined && value.length <= MAX_REFERENCE) {
        known.set(arg[1], value);
      }
    }
    const from = /^FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?$/i.exec(line);
    if (!from?.[1] || from[1].length > MAX_REFERENCE) {
      continue;
    }
    const reference = from[1].replace(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (all, braced, bare) => known.get(braced ?? bare) ?? all,
    );
    const isReference = reference.length <= MAX_REFERENCE && !reference.includes('$');
    if (isReference && !stages.has(reference.toLowerCase()) && found.size < MAX_BASES) {
      found.add(reference);
    }
    if (from[2]) {
      stages.add(from[2].toLowerCase());
    }
  }
  return [...found];
}
