import { expect, test } from 'vitest';
import { Attachments } from '../../../src/attach/attachments';
import { PortForwards } from '../../../src/attach/portForwards';
import { RememberedPorts } from '../../../src/attach/rememberedPorts';
import { silentLog } from '../../../src/core/log';
import { INFO, OneMachine } from './attachApp';
import { fakeMemory } from './memory';

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

function setUp() {
  const machine = new OneMachine();
  const open = new Set<number>();
  const app = {
    watchPorts: () => ({ dispose: () => undefined }),
    forwardPort: async (machineId: string, guestPort: number, options: { localPort?: number } = {}) => {
      const localPort = options.localPort ?? guestPort;
      open.add(localPort);
      return {
        machineId,
        guestPort,
        localPort,
        closed: new Promise<undefined>(() => undefined),
        dispose: () => void open.delete(localPort),
      };
    },
    portsToForward: async () => [8080],
  };
  const attachments = new Attachments(machine, silentLog, (_info, work) =>
    work(new AbortController().signal, () => undefined),
  );
  const ports = new PortForwards(app, attachments, new RememberedPorts(fakeMemory()), silentLog);
  return { machine, open, attachments, ports };
}

test('the settings’ ports are forwarded while the machine is attached, and again after a resume', async () => {
  const { machine, open, attachments, ports } = setUp();
  const attachment = attachments.hold(INFO.id);
  expect(ports.list()).toEqual([]);
  await attachment.attach();
  await turn();
  expect([...open]).toEqual([8080]);
  await ports.forward(INFO.id, 3000, 4000);

  machine.state = 'suspended';
  await attachment.refresh();
  expect([...open]).toEqual([]);
  expect(ports.entries(INFO.id)).toBeUndefined();

  machine.state = 'running';
  await attachment.refresh();
  await turn();
  expect([...open].sort()).toEqual([4000, 8080]);
});

test('ports that the settings ask for now are opened, and those they no longer ask for are closed', async () => {
  const { open, attachments, ports } = setUp();
  await attachments.hold(INFO.id).attach();
  await turn();
  await ports.forward(INFO.id, 3000);
  ports.changeWanted(INFO.id, [8080, 3000], [9090]);
  await turn();
  // 3000 was chosen by the user, and stays.
  expect([...open].sort()).toEqual([3000, 9090]);
  ports.changeWanted('no-such-machine', [], [1]);
});

test('a machine that the window does not hold is attached for its forward', async () => {
  const { open, attachments, ports } = setUp();
  expect(await ports.forward(INFO.id, 3000)).toBe(3000);
  expect(attachments.get(INFO.id)?.status.kind).toBe('attached');
  await ports.stop(INFO.id, 3000);
  expect(open.has(3000)).toBe(false);
  await ports.forget(INFO.id);
  expect(ports.list()).toEqual([]);
});
