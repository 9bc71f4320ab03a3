// dockerode ships this file without types; it is what its own followProgress uses.
declare module 'dockerode/lib/buildkit' {
  export interface Vertex {
    digest: string;
    name: string;
    error: string;
    cached: boolean;
    started?: unknown;
    completed?: unknown;
  }
  export interface VertexLog {
    vertex: string;
    msg: Uint8Array | string;
  }
  /** Decodes one `moby.buildkit.trace` message (base64 of a moby.buildkit.v1.StatusResponse). */
  export function decodeBuildKitStatus(base64: string): { vertexes: Vertex[]; logs: VertexLog[] };
}
