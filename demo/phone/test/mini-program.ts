/** Judges a mini program's folder: would WeChat's own builder and runtime take it? */

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import ts from "typescript";
import { SHADOWED } from "../sandbox.mjs";

const FILES = new Set("js json wxml wxss wxs svg png jpg jpeg gif webp".split(" "));
/** https://developers.weixin.qq.com/miniprogram/dev/component/ */
const COMPONENTS = new Set(
  "view text image button input form label navigator scroll-view switch picker block slot template wxs import include icon checkbox checkbox-group radio radio-group slider textarea swiper swiper-item movable-area movable-view cover-view cover-image progress rich-text picker-view picker-view-column camera video map canvas web-view page-meta navigation-bar".split(
    " ",
  ),
);
const MOST_BYTES = 2 * 1024 * 1024;

/** Syntax that came after ES2018, by the compiler's own names. */
const LATER = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.QuestionDotToken, "optional chaining"],
  [ts.SyntaxKind.QuestionQuestionToken, "??"],
  [ts.SyntaxKind.QuestionQuestionEqualsToken, "??="],
  [ts.SyntaxKind.BarBarEqualsToken, "||="],
  [ts.SyntaxKind.AmpersandAmpersandEqualsToken, "&&="],
  [ts.SyntaxKind.PrivateIdentifier, "private names"],
  [ts.SyntaxKind.PropertyDeclaration, "class fields"],
  [ts.SyntaxKind.BigIntLiteral, "BigInt"],
  [ts.SyntaxKind.ImportDeclaration, "import"],
  [ts.SyntaxKind.ImportKeyword, "import()"],
  [ts.SyntaxKind.ExportKeyword, "export"],
]);

/** Return every fault of a folder, by file. */
export function judgeFolder(root: string): string[] {
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  const size = names.reduce((sum, name) => sum + readFileSync(path.join(root, name)).length, 0);
  const faults = size > MOST_BYTES ? [`${size} bytes: a package ends at 2 MB`] : [];
  return faults.concat(
    names.flatMap((name) => judgeFile(root, name).map((fault) => `${name}: ${fault}`)),
    judgePages(root),
  );
}

function judgeFile(root: string, name: string): string[] {
  const kind = name.split(".").pop() ?? "";
  if (!FILES.has(kind)) return ["no file of a mini program"];
  const text = readFileSync(path.join(root, name), "utf8");
  if (kind === "js") return judgeCode(text);
  if (kind === "wxml") return judgeTemplate(text, componentsOf(root, name));
  if (kind === "wxss") return judgeStyle(text, name.startsWith("components/"));
  if (kind === "json") JSON.parse(text);
  return [];
}

/** Return what WeChat's runtime would not run in a module. */
export function judgeCode(text: string): string[] {
  const source = ts.createSourceFile("module.js", text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const faults: string[] = [];
  const own = new Set<string>();
  const declare = (node: ts.Node): void => {
    const { name } = node as ts.NamedDeclaration;
    const isDeclaration =
      ts.isParameter(node) ||
      ts.isVariableDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node);
    if (isDeclaration && name && ts.isIdentifier(name)) own.add(name.text);
    ts.forEachChild(node, declare);
  };
  declare(source);
  const visit = (node: ts.Node): void => {
    const later = LATER.get(node.kind);
    if (later) faults.push(`${later} came after ES2018`);
    if (ts.isCatchClause(node) && !node.variableDeclaration) faults.push("catch without a name came after ES2018");
    if (ts.isIdentifier(node) && !own.has(node.text) && isFree(node)) faults.push(...judgeName(node.text));
    if (ts.isPropertyAccessExpression(node) && node.expression.getText() === "wx")
      faults.push(...judgeApi(node.name.text));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return faults;
}

/** Whether an identifier is looked up by its own name, and is no property, key or declaration. */
function isFree(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  const declares =
    ts.isParameter(parent) ||
    ts.isVariableDeclaration(parent) ||
    ts.isBindingElement(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isFunctionDeclaration(parent);
  return (
    !(declares && (parent as ts.NamedDeclaration).name === node) &&
    !(ts.isBindingElement(parent) && parent.propertyName === node)
  );
}

function judgeName(name: string): string[] {
  return name === "eval" || SHADOWED.includes(name) ? [`${name} is not there on a phone`] : [];
}

const TYPINGS = path.dirname(createRequire(import.meta.url).resolve("miniprogram-api-typings/package.json"));
const APIS = readFileSync(path.join(TYPINGS, "types/wx/lib.wx.api.d.ts"), "utf8");

/** Return a fault unless WeChat's own types know the call. */
function judgeApi(name: string): string[] {
  return new RegExp(`^        ${name}[<(:]`, "m").test(APIS) ? [] : [`wx.${name} is no call of WeChat's`];
}

function componentsOf(root: string, name: string): Set<string> {
  const own = JSON.parse(readFileSync(path.join(root, name.replace(/wxml$/, "json")), "utf8")) as {
    usingComponents?: object;
  };
  const app = JSON.parse(readFileSync(path.join(root, "app.json"), "utf8")) as { usingComponents?: object };
  return new Set([...Object.keys(own.usingComponents ?? {}), ...Object.keys(app.usingComponents ?? {})]);
}

/** Return what is wrong with a template: elements that neither WeChat nor the mini program has. */
export function judgeTemplate(text: string, own: Set<string>): string[] {
  const tags = [...text.matchAll(/<([a-zA-Z][\w-]*)/g)].map(([, tag = ""]) => tag);
  return tags.filter((tag) => !COMPONENTS.has(tag) && !own.has(tag)).map((tag) => `<${tag}> is no component`);
}

/** Return what is wrong with a style sheet; components may only use class selectors. */
export function judgeStyle(text: string, isComponent: boolean): string[] {
  const selectors = [...text.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/([^{}]+)\{/g)].flatMap(([, list = ""]) =>
    list.split(",").map((one) => one.trim()),
  );
  const wild = selectors.filter((one) => one.includes("*")).map((one) => `${one}: WXSS has no *`);
  const other = isComponent
    ? selectors.filter((one) => !/^(\.[\w-]+\s*)+$/.test(one)).map((one) => `${one}: a component may only use classes`)
    : [];
  return [...wild, ...other];
}

function judgePages(root: string): string[] {
  const { pages } = JSON.parse(readFileSync(path.join(root, "app.json"), "utf8")) as { pages: string[] };
  const wanted = pages.flatMap((page) => ["js", "json", "wxml"].map((kind) => `${page}.${kind}`));
  const there = new Set(readdirSync(root, { recursive: true }).map(String));
  return wanted.filter((name) => !there.has(name)).map((name) => `${name} is missing`);
}
