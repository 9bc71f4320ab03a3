// The attacks that test/hostile declares, and SECURITY.md's two tables: what holds, and what was tried against it.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** @typedef {{ id: string, from: string, tries: string, holds: string, promise: string, file: string }} DeclaredAttack */

const FIELDS = ['id', 'from', 'tries', 'holds', 'promise'];
/** In the order of SECURITY.md, "Who attacks". */
const ATTACKERS = ['repository', 'image', 'guest', 'vmm'];
const BEGIN = '<!-- attacks: written by scripts/security-table.mjs -->';
const END = '<!-- end of attacks -->';
/** `name: 'text',` as Biome formats it: either quote, escapes inside, nothing computed. */
const FIELD = /\s*(\w+):\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")\s*(?:,|(?=\}))/y;

/**
 * @param {string} root the repository's
 * @returns {Promise<DeclaredAttack[]>} sorted by attacker, then id
 * @throws Error at a declaration that is not plain text, lacks a field or has another's id
 */
export async function declaredAttacks(root) {
  const folder = join(root, 'test/hostile');
  const names = await readdir(folder, { recursive: true });
  /** @type {DeclaredAttack[]} */
  const attacks = [];
  for (const name of names.filter((path) => path.endsWith('.test.ts')).sort()) {
    const path = join(folder, name);
    attacks.push(...attacksOf(await readFile(path, 'utf8'), relative(root, path)));
  }
  const ids = new Set();
  for (const { id, file } of attacks) {
    if (ids.has(id)) {
      throw new Error(`${file}: there is another attack "${id}"`);
    }
    ids.add(id);
  }
  return attacks.sort(
    (a, b) => ATTACKERS.indexOf(a.from) - ATTACKERS.indexOf(b.from) || (a.id < b.id ? -1 : 1),
  );
}

/**
 * @param {string} text of a test file
 * @param {string} file
 * @returns {DeclaredAttack[]}
 */
export function attacksOf(text, file) {
  return [...text.matchAll(/^\s*attack\(/gm)].map((match) => {
    const at = (match.index ?? 0) + match[0].length;
    const where = `${file}:${text.slice(0, at).split('\n').length}`;
    const opening = /\s*\{/y;
    opening.lastIndex = at;
    if (!opening.test(text)) {
      throw new Error(`${where}: attack( must be followed by its declaration, { id: '…', … }`);
    }
    /** @type {Record<string, string>} */
    const fields = {};
    FIELD.lastIndex = opening.lastIndex;
    let end = opening.lastIndex;
    for (let field = FIELD.exec(text); field; field = FIELD.exec(text)) {
      fields[field[1]] = unquoted(field[2]);
      end = FIELD.lastIndex;
    }
    if (!/^\s*\}/.test(text.slice(end, end + 200)) || Object.keys(fields).join() !== FIELDS.join()) {
      throw new Error(`${where}: an attack has ${FIELDS.join(', ')}, in this order, as plain strings`);
    }
    if (!ATTACKERS.includes(fields['from'])) {
      throw new Error(`${where}: no attacker "${fields['from']}"`);
    }
    return /** @type {DeclaredAttack} */ ({ ...fields, file });
  });
}

/** @param {string} literal */
function unquoted(literal) {
  return literal
    .slice(1, -1)
    .replace(/\\u([0-9a-f]{4})|\\(.)/gi, (_, code, char) =>
      code === undefined ? char : String.fromCodePoint(Number.parseInt(code, 16)),
    );
}

/**
 * @param {string} security the text of SECURITY.md
 * @returns {string[]} the keys of the rows of "What holds"
 */
export function promises(security) {
  const section = security.split(/^## /m).find((part) => part.startsWith('What holds')) ?? '';
  return [...section.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1]);
}

/**
 * @param {string} security the text of SECURITY.md
 * @param {DeclaredAttack[]} attacks
 * @returns {string} the text with the table as these attacks make it
 */
export function withAttackTable(security, attacks) {
  const begin = security.indexOf(BEGIN);
  const end = security.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error('SECURITY.md lacks the marks of the table of attacks');
  }
  return `${security.slice(0, begin + BEGIN.length)}\n\n${attackTable(attacks)}\n${security.slice(end)}`;
}

/** @param {DeclaredAttack[]} attacks */
function attackTable(attacks) {
  const rows = attacks.map(({ id, from, tries, holds, promise }) =>
    [`\`${id}\``, from, cell(tries), cell(holds), `\`${promise}\``].join(' | '),
  );
  return ['attack | from | what is tried | what happens | row', '--- | --- | --- | --- | ---', ...rows]
    .map((row) => `| ${row} |\n`)
    .join('');
}

/** @param {string} text */
function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
