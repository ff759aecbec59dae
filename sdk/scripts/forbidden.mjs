// What a mini program's engine lacks, found in a syntax tree (a name in a string or a property is no fault).
import ts from "typescript";

const NAMES = new Set(
  `eval Function Proxy window document process URL URLSearchParams fetch localStorage AbortController TextEncoder TextDecoder
  btoa atob crypto Buffer globalThis global self queueMicrotask structuredClone BigInt require XMLHttpRequest`.split(
    /\s+/,
  ),
);

/** Whether an identifier is a variable's name, not a property's. */
function isVariable(node) {
  const { parent } = node;
  const isProperty = ts.isPropertyAccessExpression(parent) && parent.name === node;
  const isKey = (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) && parent.name === node;
  return !isProperty && !isKey;
}

const has = (node, test) => Boolean(node && test(node));

/** What is too new, by name. */
const TOO_NEW = [
  [(node) => ts.isPropertyDeclaration(node), "class field"],
  [(node) => ts.isPrivateIdentifier(node), "#private"],
  [(node) => Boolean(node.questionDotToken), "optional chaining"],
  [(node) => ts.isCatchClause(node) && !node.variableDeclaration, "catch without a binding"],
  [(node) => ts.isBigIntLiteral(node), "BigInt"],
  [(node) => ts.isImportDeclaration(node) || ts.isExportDeclaration(node), "import or export"],
  [(node) => node.kind === ts.SyntaxKind.ImportKeyword, "import()"],
  [(node) => ts.isBinaryExpression(node) && NEWER.has(node.operatorToken.kind), "?? or a logical assignment"],
  [(node) => Boolean(node.awaitModifier), "for await"],
  [
    (node) => has(node, ts.isRegularExpressionLiteral) && /\(\?<|\\p\{|\/[a-z]*[sdv][a-z]*$/.test(node.text),
    "a newer regular expression",
  ],
];

/** Return the faults of a script, without repetition. */
export function findForbidden(code) {
  const faults = new Set();
  const look = (node) => {
    if (ts.isIdentifier(node) && NAMES.has(node.text) && isVariable(node)) faults.add(node.text);
    for (const [test, name] of TOO_NEW) if (test(node)) faults.add(name);
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile("index.js", code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS));
  return [...faults];
}

const Kind = ts.SyntaxKind;
const NEWER = new Set([
  Kind.QuestionQuestionToken,
  Kind.QuestionQuestionEqualsToken,
  Kind.BarBarEqualsToken,
  Kind.AmpersandAmpersandEqualsToken,
]);
