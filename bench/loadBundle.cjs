// node loadBundle.cjs <bundle>: prints how long loading it takes, in ms, with an API of VS Code that does nothing.
require('../test/unit/bundle/vscodeStub.cjs');
const began = performance.now();
require(process.argv[2]);
process.stdout.write(String(performance.now() - began));
