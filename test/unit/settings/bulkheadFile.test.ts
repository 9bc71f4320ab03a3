import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBulkheadFile } from '../../../src/settings/bulkheadFile';
import { bulkheadSchema } from '../../../src/settings/bulkheadSchema';
import { formatProblem, SettingsError } from '../../../src/settings/settingsProblem';

function problemsOf(text: string): string[] {
  const result = parseBulkheadFile('/w/.bulkhead.json', text);
  return 'problems' in result ? new SettingsError(result.problems).problems.map(formatProblem) : [];
}

function settingsOf(text: string) {
  const result = parseBulkheadFile('/w/.bulkhead.json', text);
  if ('problems' in result) {
    throw new Error(result.problems.map(formatProblem).join('\n'));
  }
  return result.layer.settings;
}

describe('parseBulkheadFile', () => {
  it("reads the contract's example, comments and trailing commas included", () => {
    const settings = settingsOf(`{
      "$schema": "bulkhead.schema.json",
      "image": "debian:trixie-slim", // or "build"
      "cpus": 2, "memory": "2gb", "disk": "20gb",
      "accelerator": "auto",
      "network": {"mode": "allowlist", "allow": ["*.example.org"]},
      "workspace": {"mode": "copy", "exclude": ["node_modules"]},
      "attach": "files",
      "forwardPorts": [3000], "ssh": {"forwardAgent": false},
      "onClose": "suspend", "idleTimeout": "30m",
    }`);
    expect(settings).toMatchObject({
      cpus: 2,
      memory: 2 * 1024 ** 3,
      disk: 20 * 1024 ** 3,
      idleTimeout: 1_800_000,
      network: { mode: 'allowlist', allow: ['*.example.org'] },
    });
  });

  it('takes hosts with a port and in any case, presets and credentials', () => {
    const settings = settingsOf(`{
      "network": {"allow": ["Example.ORG:8443", "*.example.org:65535"], "presets": ["npm", "git"]},
      "credentials": {"git": ["Git.example.org", "git.example.org:8443"], "env": ["NPM_TOKEN"]}
    }`);
    expect(settings).toMatchObject({
      network: { allow: ['example.org:8443', '*.example.org:65535'], presets: ['npm', 'git'] },
      credentials: { git: ['git.example.org', 'git.example.org:8443'], env: ['NPM_TOKEN'] },
    });
  });

  it('names line, column, key and fix of every problem at once', () => {
    expect(
      problemsOf('{\n  "memry": "2gb",\n  "memory": "lots",\n  "cpus": 0,\n  "onClose": "suspnd"\n}'),
    ).toEqual([
      '/w/.bulkhead.json:2:3: memry: unknown key. Did you mean "memory"?',
      '/w/.bulkhead.json:3:13: memory: "lots" is not a size from 128 MiB to 1 TiB. Write a number and a unit such as "2gb" (b, kb, mb, gb, tb), or a number of bytes.',
      '/w/.bulkhead.json:4:11: cpus: 0 is not a whole number from 1 to 64. Write a number such as 2, without quotes.',
      '/w/.bulkhead.json:5:14: onClose: "suspnd" is not one of "suspend", "stop", "keep". Did you mean "suspend"? Write one of "suspend", "stop", "keep".',
    ]);
  });

  it('gives 0-based ranges that an editor can underline', () => {
    const result = parseBulkheadFile('/w/.bulkhead.json', '{\r\n\t"network": {"mod": "none"}}');
    expect(result).toMatchObject({
      problems: [{ key: 'network.mod', range: { offset: 16, length: 5, line: 1, column: 13 } }],
    });
  });

  it.each([
    ['{"a": }', ':1:7: a value was expected'],
    ['{\n"image": "x"\n"cpus": 1}', ':3:1: a comma was expected'],
    ['{"image": "x"', ':1:14: a closing brace was expected'],
    ["{'image': 1}", ':1:2: '],
    ['', ':1:1: '],
    ['{} {}', ':1:4: the file goes on after its end'],
    ['{"image": "x', 'this text does not end'],
  ])('says where %j stops being JSON', (text, expected) => {
    expect(problemsOf(text)[0]).toContain(expected);
  });

  it.each([
    ['[]', 'a list is not an object'],
    ['null', 'null is not an object'],
    ['{"build": "Dockerfile"}', 'build: "Dockerfile" is not an object'],
    ['{"image": "a", "build": {}}', 'build: stands together with "image". Keep "image" or "build".'],
    ['{"cpus": 2, "cpus": 3}', '1:13: cpus: this key stands here twice'],
    ['{"__proto__": {"cpus": 64}}', '__proto__: this key is not allowed'],
    ['{"network": {"__proto__": {"mode": "full"}}}', 'network.__proto__: this key is not allowed'],
    ['{"constructor": 1}', 'constructor: unknown key'],
    ['{"cpus": "2"}', 'cpus: "2" is not a whole number from 1 to 64'],
    ['{"cpus": 1.5}', 'cpus: 1.5 is not'],
    ['{"memory": "64mb"}', 'memory: "64mb" is not a size from 128 MiB'],
    ['{"memory": 2097152000000}', 'memory: 2097152000000 is not'],
    ['{"disk": "17tb"}', 'disk: "17tb" is not a size from 1 GiB to 16 TiB'],
    ['{"forwardPorts": [3000, 70000]}', 'forwardPorts.1: 70000 is not a port from 1 to 65535'],
    ['{"forwardPorts": 3000}', 'forwardPorts: 3000 is not a list of at most 256 ports'],
    ['{"idleTimeout": "soon"}', 'idleTimeout: "soon" is not a time from 1s to 7d, or "never"'],
    ['{"idleTimeout": "30d"}', 'idleTimeout: "30d" is not'],
    ['{"image": "-v /:/host"}', 'image: "-v /:/host" is not an image reference'],
    ['{"image": "Debian"}', 'image: "Debian" is not an image reference'],
    [
      '{"network": {"allow": ["https://example.org/"]}}',
      'network.allow.0: "https://example.org/" is not a host name',
    ],
    ['{"network": {"allow": ["10.0.0.1"]}}', 'is not a host name'],
    ['{"network": {"allow": ["10.0.0.1:80"]}}', 'is not a host name'],
    ['{"network": {"allow": ["*"]}}', 'is not a host name'],
    ['{"network": {"allow": ["a.*.org"]}}', 'is not a host name'],
    ['{"network": {"allow": ["example.org:0"]}}', 'is not a host name'],
    ['{"network": {"allow": ["example.org:65536"]}}', 'is not a host name'],
    ['{"network": {"allow": ["[::1]"]}}', 'is not a host name'],
    ['{"network": {"presets": ["cargo"]}}', 'network.presets.0: "cargo" is not one of'],
    ['{"credentials": {"git": ["*.example.org"]}}', 'is not the name of one host'],
    ['{"credentials": {"env": ["BULKHEAD_USER"]}}', 'is not the name of a variable that may be given'],
    ['{"credentials": {"env": ["A=B"]}}', 'is not the name of a variable'],
    ['{"build": {"args": {"A=B": "c"}}}', '"A=B" is not a variable name'],
    ['{"build": {"args": {"A": 1}}}', 'build.args.A: 1 is not a text'],
    [
      '{"workspace": {"exclude": ["a\\u0000b"]}}',
      'workspace.exclude.0: "a\\u0000b" is not a name or pattern',
    ],
    ['{"ssh": {"forwardAgent": "no"}}', 'ssh.forwardAgent: "no" is not true or false'],
  ])('refuses %s', (text, expected) => {
    expect(problemsOf(text).join('\n')).toContain(expected);
  });

  it('bounds lists and counts of arguments', () => {
    const ports = JSON.stringify({ forwardPorts: Array(257).fill(80) });
    expect(problemsOf(ports).join()).toContain('forwardPorts: has more than 256 entries');
    const args = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`A${index}`, '']));
    expect(problemsOf(JSON.stringify({ build: { args } })).join()).toContain('has more than 256 entries');
    const exclude = JSON.stringify({ workspace: { exclude: Array(501).fill('a') } });
    expect(problemsOf(exclude).join()).toContain('has more than 500 entries');
  });

  it('survives what would break a recursive parser', () => {
    for (const text of [
      '['.repeat(500_000),
      '{"a":'.repeat(200_000),
      `${'['.repeat(1000)}${']'.repeat(1000)}`,
    ]) {
      expect(problemsOf(text).join()).toContain('nested more than 64 levels deep');
    }
    expect(problemsOf(`[${'1,'.repeat(400_000)}1]`).join()).toContain('is not an object');
    expect(problemsOf(JSON.stringify({ image: 'a'.repeat(900_000) })).length).toBe(1);
    expect(problemsOf(JSON.stringify({ image: 'a-'.repeat(400_000) })).length).toBe(1);
    expect(problemsOf(JSON.stringify({ memory: '1'.repeat(900_000) })).length).toBe(1);
    expect(problemsOf(JSON.stringify({ ['x'.repeat(900_000)]: 1 })).length).toBe(1);
  });

  it('lets no control character into its messages', () => {
    const hostile = '\\u001b]0;title\\u0007\\u202e';
    const text = `{"${hostile}": 1, "image": "${hostile}", "onClose": "${hostile}\\n"}`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that's the point
    expect(problemsOf(text).join('')).not.toMatch(/[\u0000-\u001f\u007f\u202e]/);
  });

  it('never throws and never accepts what the schema does not hold, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), jsonLike), (text) => {
        const result = parseBulkheadFile('f', text);
        if ('problems' in result) {
          expect(result.problems.length).toBeGreaterThan(0);
        } else {
          const known = Object.keys(bulkheadSchema.shape);
          expect(Object.keys(result.layer.settings).every((key) => known.includes(key))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Objects whose keys are ours and whose values are anything. */
const jsonLike = fc
  .dictionary(
    fc.constantFrom(...Object.keys(bulkheadSchema.shape), '__proto__', 'constructor', 'toString'),
    fc.oneof(fc.jsonValue(), fc.constantFrom('auto', '2gb', 2, 'none', '30m')),
  )
  .map((value) => JSON.stringify(value));
