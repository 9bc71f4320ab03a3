import { BulkheadError } from '../core/errors';
import type { Engine } from '../image/engine';
import { engineFailure, statusOf } from '../image/engineFailure';

/** A bridge for proxies alone, on which no two containers reach each other. */
const OWN_NETWORK = 'bulkhead-egress';

/** The user's wishes for where proxies are. */
export interface EgressPlace {
  /** Name of an existing Docker network (BULKHEAD_EGRESS_NETWORK); our own if undefined. */
  network?: string;
  /** Addresses of name servers for proxies (BULKHEAD_EGRESS_DNS); the Engine's own if undefined. */
  dns?: string[];
}

export function egressPlace(env: Readonly<Record<string, string | undefined>>): EgressPlace {
  const network = env['BULKHEAD_EGRESS_NETWORK'];
  const dns = env['BULKHEAD_EGRESS_DNS']?.split(/[\s,]+/).filter((address) => address !== '');
  return { ...(network && { network }), ...(dns && dns.length > 0 && { dns }) };
}

/** The Docker network that proxies are in; our own is made if it is not there. Returns its name. */
export async function ensureEgressNetwork(engine: Engine, place: EgressPlace): Promise<string> {
  const name = place.network ?? OWN_NETWORK;
  try {
    await engine.docker.getNetwork(name).inspect();
    return name;
  } catch (error) {
    if (statusOf(error) !== 404) {
      throw engineFailure(`The Docker network ${name} can’t be looked at`, error);
    }
  }
  if (place.network !== undefined) {
    throw new BulkheadError(`There is no Docker network ${name}, which BULKHEAD_EGRESS_NETWORK names`, {
      kind: 'host',
      next: `Make it with \`docker network create ${name}\`, or unset the variable.`,
    });
  }
  try {
    await engine.docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Labels: { 'bulkhead.egress': '1' },
      Options: { 'com.docker.network.bridge.enable_icc': 'false' },
    });
  } catch (error) {
    // 409: another process has just made it.
    if (statusOf(error) !== 409) {
      throw engineFailure(`The Docker network ${name} can’t be made`, error);
    }
  }
  return name;
}
