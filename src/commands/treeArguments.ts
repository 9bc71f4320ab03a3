/** The row of a tree that a command was called on (machines, ports), or a plain machine id from another command. */
export interface PortArgument {
  readonly machineId: string;
  readonly port: number;
}

function hasMachine(value: unknown): value is { machineId: string } {
  return (
    typeof value === 'object' && value !== null && 'machineId' in value && typeof value.machineId === 'string'
  );
}

/**
 * Ids of the machines that a command was called on: VS Code passes the row that was clicked and, if several are
 * selected and it is one of them, all of those. Empty if it was called from elsewhere.
 */
export function machineIdsOf(args: readonly unknown[]): string[] {
  const [clicked, selected] = args;
  if (typeof clicked === 'string') {
    return [clicked];
  }
  const rows = Array.isArray(selected) && selected.length > 0 ? selected : [clicked];
  return [...new Set(rows.filter(hasMachine).map(({ machineId }) => machineId))];
}

/** The port that a command was called on. */
export function portOf(args: readonly unknown[]): PortArgument | undefined {
  const [clicked] = args;
  return hasMachine(clicked) && 'port' in clicked && typeof clicked.port === 'number'
    ? { machineId: clicked.machineId, port: clicked.port }
    : undefined;
}
