import * as z from 'zod';
import { expects } from './expectation';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from './quantities';
import { nearestDuration, nearestSize, nearestWhole, truth, wholeNumber } from './repairs';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const TIB = 1024 ** 4;

/** What a machine may be given. Bytes. */
export const LIMITS = {
  cpus: { min: 1, max: 64 },
  memoryBytes: { min: 128 * MIB, max: TIB },
  diskBytes: { min: GIB, max: 16 * TIB },
} as const;

/** No text may hold a control character: these end up in commands' arguments, file names and messages. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
export const TEXT = /^[^\u0000-\u001f\u007f]+$/;

/**
 * An image reference as Docker takes it (distribution/reference, `reference.go`): optional registry with port,
 * lower-case path, optional tag and digest; or an image id.
 */
const IMAGE_REFERENCE =
  /^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]{1,5})?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})?(?:@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-fA-F0-9]{32,128})?$|^sha256:[a-f0-9]{64}$/;

function size(limits: { min: number; max: number }, range: string, example: string) {
  const schema = z
    .union([z.int().min(limits.min).max(limits.max), z.string().meta({ pattern: SIZE_PATTERN })])
    .transform((value, context) => {
      const bytes = parseSize(value);
      if (bytes === undefined || bytes < limits.min || bytes > limits.max) {
        context.issues.push({ code: 'invalid_value', values: [], input: value });
        return z.NEVER;
      }
      return bytes;
    });
  return expects(
    schema,
    `a size from ${range}`,
    `Write a number and a unit such as "${example}" (b, kb, mb, gb, tb), or a number of bytes.`,
    (written) => nearestSize(written, limits),
  );
}

/** Hosts in one list. */
const MAX_IDLE_MS = 7 * 86_400_000;

/** Milliseconds, or `never`. */
export const idleTime = expects(
  z
    .string()
    .meta({ pattern: DURATION_PATTERN })
    .transform((value, context) => {
      const ms = value === 'never' ? ('never' as const) : parseDuration(value);
      if (ms === undefined || (ms !== 'never' && (ms < 1000 || ms > MAX_IDLE_MS))) {
        context.issues.push({ code: 'invalid_value', values: [], input: value });
        return z.NEVER;
      }
      return ms;
    }),
  'a time from 1s to 7d, or "never"',
  'Write a number and a unit such as "90s", "30m" or "1h", or "never".',
  (written) => nearestDuration(written, { min: 1000, max: MAX_IDLE_MS }),
);

export const imageReference = expects(
  z.string().max(512, { abort: true }).regex(IMAGE_REFERENCE),
  'an image reference',
  'Write a reference such as "debian:trixie-slim".',
);

export const cpuCount = expects(
  z.int().min(LIMITS.cpus.min).max(LIMITS.cpus.max),
  'a whole number from 1 to 64',
  'Write a number such as 2, without quotes.',
  (written) => nearestWhole(written, LIMITS.cpus),
);
export const memorySize = size(LIMITS.memoryBytes, '128 MiB to 1 TiB', '2gb');
export const diskSize = size(LIMITS.diskBytes, '1 GiB to 16 TiB', '20gb');

/** A path as written in a settings file, with `/`; where it leads is checked by `resolveInside`. */
export const relativePath = expects(
  z.string().min(1).max(4096).regex(TEXT),
  'a relative path',
  'Write a path inside the workspace such as "docker/Dockerfile".',
);

export const buildTarget = expects(
  z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/),
  'the name of a build stage',
  'Write the name after AS in the Dockerfile.',
);

export const buildArgs = expects(
  z
    .record(
      expects(
        z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/),
        'a variable name',
        'Use letters, digits and _.',
      ),
      expects(z.string().max(32_768), 'a text', 'Write the value in double quotes.'),
    )
    .refine((args) => Object.keys(args).length <= 256, 'has more than 256 entries'),
  'an object of build arguments',
  'Write {"NAME": "value"}, at most 256 of them.',
);

export const port = expects(
  z.int().min(1).max(65_535),
  'a port from 1 to 65535',
  'Write a number such as 3000.',
  (written) => wholeNumber(written),
);

export const yesOrNo = expects(z.boolean(), 'true or false', 'Write true or false, without quotes.', truth);
