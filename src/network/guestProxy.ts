/** The loopback of the VMM's container as QEMU's user network shows it to the guest, and the port that guest/vmm/vmm listens on. */
const PROXY = 'http://10.0.2.2:3128';
/** What a program in the guest reaches without leaving it. */
const NOT_THROUGH_IT = 'localhost,127.0.0.1,::1';

/**
 * The variables by which programs find a proxy. Tools disagree about upper and lower case (curl takes `http_proxy` in lower case
 * only), so there are both. They are the same in every network mode: what the proxy lets through changes, not where it is.
 */
export const GUEST_PROXY_ENV: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({ HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, NO_PROXY: NOT_THROUGH_IT }).flatMap(
    ([name, value]) => [
      [name, value],
      [name.toLowerCase(), value],
    ],
  ),
);
