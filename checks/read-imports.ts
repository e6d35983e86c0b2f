import { type Node, parseSync, Visitor } from 'oxc-parser';

/** One place where a file names another module. */
export interface ImportSite {
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
}

/**
 * Every module a TypeScript file names: imports and re-exports with and without `type`, `import()` in code and in
 * types, `require`, and `new URL('…', import.meta.url)`, by which workers are found.
 *
 * @throws Error where the file cannot be parsed
 */
export function readImports(file: string, text: string): ImportSite[] {
  const { program, errors } = parseSync(file, text);
  if (errors[0] !== undefined) throw new Error(`${file} cannot be parsed: ${errors[0].message}`);
  const sites: ImportSite[] = [];
  const add = (node: Node | null | undefined): void => {
    if (node?.type !== 'Literal' || typeof node.value !== 'string') return;
    sites.push({ specifier: node.value, line: text.slice(0, node.start).split('\n').length });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    TSExternalModuleReference: (node) => add(node.expression),
    CallExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'require') add(node.arguments[0]);
    },
    NewExpression: (node) => {
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL';
      const base = node.arguments[1];
      if (isUrl && base !== undefined && text.slice(base.start, base.end) === 'import.meta.url') {
        add(node.arguments[0]);
      }
    },
  }).visit(program);
  return sites;
}
