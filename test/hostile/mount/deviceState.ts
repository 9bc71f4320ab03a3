/**
 * virtiofsd's migration stream (its src/passthrough/device_state/serialized.rs, in postcard's encoding): who loads one says which
 * paths are opened, and how. Version 1: nodes, next node, handles, next handle, four options.
 */

/** A node to be opened by its name in another; the root is node 1. */
export interface StateNode {
  id: number;
  parent: number;
  name: string;
}

/** A handle to be opened of a node. */
export interface StateHandle {
  id: number;
  node: number;
  flags: number;
}

export function deviceState(nodes: StateNode[], handles: StateHandle[] = []): string {
  const root = [number(1), number(100), number(0), Buffer.from([0])];
  return Buffer.concat([
    number(0),
    number(nodes.length + 1),
    ...root,
    ...nodes.flatMap(({ id, parent, name }) => [
      number(id),
      number(1),
      number(1),
      number(parent),
      number(Buffer.byteLength(name)),
      Buffer.from(name),
      Buffer.from([0]),
    ]),
    number(1000),
    number(handles.length),
    ...handles.flatMap(({ id, node, flags }) => [
      number(id),
      number(node),
      number(0),
      // A signed number, zigzag.
      number(flags * 2),
    ]),
    number(1000),
    Buffer.from([0, 0, 0, 0]),
  ]).toString('hex');
}

/** LEB128. */
function number(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) {
    bytes.push((value % 128) + 128);
  }
  return Buffer.from([...bytes, value]);
}
