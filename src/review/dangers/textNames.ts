import { foldName } from './foldName';
import { isBinary } from './hiddenText';
import { pathDangers } from './pathRules';

/** Endings of files that compilers, interpreters and people read as text. */
const TEXT = new Set(
  [
    'ada adb ads adoc agda asciidoc asm astro awk bash bat bazel bib bzl c cc cfg clj cljc cljs cljx cls cmake cmd coffee conf cpp',
    'cppm cr cs csh cshtml css csv csx cts cu cuh cxx d dart diff dockerfile dts edn ejs el elm env erb erl ex exs f f03 f08 f77 f90',
    'f95 feature fish for fs fsi fsx frag fth gd gemspec geojson glsl go gql gradle graphql groovy h haml hbs hcl hh hjson hpp hrl hs htm',
    'html http hxx idl in inc inf ini inl ipp ipynb java jinja jinja2 jl js json json5 jsonc jsonl jsp jsx kt kts ksh l latex lean less lhs',
    'liquid lisp lock log lsp lua m m4 mak make markdown md mdx mjs mk ml mli mm mod mts mustache nim nims nix njk nu odin org pas patch',
    'php phtml pl plist pm po pod pp prisma pro properties proto ps1 psd1 psm1 pug py pyi pyw pyx qml r rake rb rbi reg rego res rkt rmd',
    'robot ron rs rst s sass sbt sc scala scm scss sh shader sol spec sql srt ss st styl sum sv svelte svg svh swift tcl templ tex textile tf',
    'tfvars thrift tmpl toml tpl ts tsv tsx twig txt typ v vb vbs vert vhd vhdl vim vue wast wat wgsl wsdl xaml xhtml xml xsd xsl xslt',
    'y yaml yml zig zsh',
  ].flatMap((line) => line.split(' ')),
);
/** Names without such an ending. */
const NAMES =
  /^(?:readme|license|licence|copying|changelog|changes|authors|contributing|notice|todo|version|codeowners|owners)$/;

/**
 * Whether the file would be read as text by whatever uses it, though it has a NUL: by its name, because something runs it by its
 * name, because it begins with `#!`, or because it was text so far.
 */
export function passesForText(path: string, before: Buffer | undefined, after: Buffer): boolean {
  const name = foldName(path.split('/').at(-1) ?? '');
  const dot = name.lastIndexOf('.');
  return (
    (dot >= 0 && TEXT.has(name.slice(dot + 1))) ||
    NAMES.test(name) ||
    pathDangers(name).some((danger) => !['dotfile', 'executable', 'installed'].includes(danger)) ||
    after.subarray(0, 2).equals(Buffer.from('#!')) ||
    (before !== undefined && before.length > 0 && !isBinary(before))
  );
}

/** Whether a diff shows it as text: a NUL hides nothing where text should be. */
export function isShownAsText(path: string, before: Buffer | undefined, content: Buffer): boolean {
  return !isBinary(content) || passesForText(path, before, content);
}
