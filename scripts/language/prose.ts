import ts from 'typescript';

/** A piece of text that people read, and its offset in the file. */
export interface Prose {
  readonly text: string;
  readonly offset: number;
}

/** The text of a file that people read: comments and strings of programs, Markdown without code, other files as a whole. */
export function proseOf(path: string, content: string): Prose[] {
  if (/\.[cm]?[jt]s$/.test(path)) return proseOfProgram(path, content);
  if (path.endsWith('.css')) return matches(content, /\/\*[^]*?\*\//g);
  if (path.endsWith('.md')) return [{ text: blankCode(content), offset: 0 }];
  return [{ text: content, offset: 0 }];
}

function proseOfProgram(path: string, content: string): Prose[] {
  const prose: Prose[] = [];
  const source = ts.createSourceFile(path, content, ts.ScriptTarget.Latest, false);
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node) || ts.isImportDeclaration(node)) return;
    const children = node.getChildren(source);
    const start = node.getStart(source);
    if (children.length > 0) {
      for (const child of children) visit(child);
      return;
    }
    prose.push({ text: content.slice(node.pos, start), offset: node.pos }); // spaces and comments
    if (isText(node)) prose.push({ text: content.slice(start, node.end), offset: start });
  };
  visit(source);
  return prose;
}

function isText({ kind }: ts.Node): boolean {
  return (
    kind === ts.SyntaxKind.StringLiteral ||
    kind === ts.SyntaxKind.NoSubstitutionTemplateLiteral ||
    kind === ts.SyntaxKind.TemplateHead ||
    kind === ts.SyntaxKind.TemplateMiddle ||
    kind === ts.SyntaxKind.TemplateTail
  );
}

/** Replaces code by spaces, so that offsets stay valid. */
function blankCode(markdown: string): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ');
  return markdown.replace(/^( *)(```+|~~~+)[^]*?^\1\2/gm, blank).replace(/`[^`\n]+`/g, blank);
}

function matches(content: string, pattern: RegExp): Prose[] {
  return Array.from(content.matchAll(pattern), (match) => ({ text: match[0], offset: match.index }));
}
