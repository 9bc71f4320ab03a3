/** Just the signal of some options, as `exactOptionalPropertyTypes` wants it. */
export function wait(options: { signal?: AbortSignal | undefined }): { signal?: AbortSignal } {
  return options.signal ? { signal: options.signal } : {};
}
