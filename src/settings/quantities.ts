const SIZE = /^(\d{1,16}(?:\.\d{1,6})?) ?(?:([kmgt])(?:i?b)?|b)?$/i;
const SIZE_EXPONENT: Record<string, number> = { k: 1, m: 2, g: 3, t: 4 };

/** The pattern of a size, for the JSON schema. */
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)? ?([kmgtKMGT]([iI]?[bB])?|[bB])?$';

/**
 * Bytes of a size as Docker writes it (`512mb`, `2gb`, `1.5gb`, `2GiB`, plain bytes; units are powers of 1024,
 * as in docker/go-units `RAMInBytes`), or undefined if it is none.
 */
export function parseSize(size: string | number): number | undefined {
  if (typeof size === 'number') {
    return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
  }
  const match = SIZE.exec(size);
  if (match === null) {
    return undefined;
  }
  const bytes = Math.floor(Number(match[1]) * 1024 ** (SIZE_EXPONENT[match[2]?.toLowerCase() ?? ''] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const DURATION = /^(\d{1,9}(?:\.\d{1,6})?) ?([smhd])$/i;
const DURATION_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The pattern of a duration or "never", for the JSON schema. */
export const DURATION_PATTERN = '^(never|[0-9]+(\\.[0-9]+)? ?[smhdSMHD])$';

/** Milliseconds of `90s`, `30m`, `1h`, `2d`; or undefined if it is none of these. */
export function parseDuration(duration: string): number | undefined {
  const match = DURATION.exec(duration);
  const unit = DURATION_MS[match?.[2]?.toLowerCase() ?? ''];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}
