import integrationSetup from '../integration/globalSetup';

/** `BULKHEAD_HOSTILE_WITHOUT_ENGINE=1` is for working on attacks that need no VM. */
export default async function setup(): Promise<() => Promise<void>> {
  return process.env['BULKHEAD_HOSTILE_WITHOUT_ENGINE'] === '1' ? async () => undefined : integrationSetup();
}
