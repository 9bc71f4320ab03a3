import { createServer } from 'node:http';
import { release } from 'node:os';
import { pathToFileURL } from 'node:url';
import { createCounter } from './counter.js';

export function createService() {
  const counter = createCounter();
  return createServer((request, response) => {
    const path = request.url ?? '/';
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ path, visits: counter.visit(path), kernel: release() })}\n`);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const port = Number(process.env.PORT ?? 3000);
  createService().listen(port, '127.0.0.1', () => console.log(`listening on ${port}, kernel ${release()}`));
}
