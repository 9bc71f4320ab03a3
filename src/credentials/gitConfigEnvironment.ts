/** git's own bound on GIT_CONFIG_COUNT is an int; a session's variables are far fewer. */
const COUNT_MAX = 40;

/**
 * `helper` as git's credential helper for each of `hosts`, by environment (git-config(1), GIT_CONFIG_COUNT; git 2.31 and
 * later), after what `env` has in it already. No file of the guest is touched. Empty without hosts.
 */
export function gitConfigEnvironment(
  env: Readonly<Record<string, string>>,
  hosts: readonly string[],
  helper: string,
): Record<string, string> {
  const present = env['GIT_CONFIG_COUNT'] ?? '0';
  // A count that is no number is git's own error to report.
  if (hosts.length === 0 || !/^\d{1,2}$/.test(present) || Number(present) > COUNT_MAX) {
    return {};
  }
  const first = Number(present);
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(first + hosts.length)],
    ...hosts.flatMap((host, n) => [
      [`GIT_CONFIG_KEY_${first + n}`, `credential.https://${host}.helper`],
      [`GIT_CONFIG_VALUE_${first + n}`, helper],
    ]),
  ]);
}
