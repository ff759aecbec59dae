// Reads a mini program's folder as WeChat's own builder would: app.json, pages, components, templates, styles, modules.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import esbuild from "esbuild";
import postcss from "postcss";
import { SHADOWED, SUPPLIED } from "./sandbox.mjs";

const { TmplGroup } = createRequire(import.meta.url)("glass-easel-template-compiler");

/** Elements that are native in the page keep their names; every other is `wx-…`. */
const NATIVE = { button: "button", input: "input", form: "form", label: "label", image: "img" };
const BUILT_IN = [
  "view",
  "text",
  "image",
  "button",
  "input",
  "form",
  "label",
  "navigator",
  "scroll-view",
  "switch",
  "picker",
];

/**
 * Return a mini program as code: a CommonJS module, one style sheet, and the compiler's warnings.
 * @param {string} root The folder of app.json.
 * @returns {Promise<{code: string, css: string, warnings: string[], files: string[]}>}
 */
export async function readProgram(root) {
  const app = readJson(root, "app.json");
  const templates = new TmplGroup();
  const found = new Map();
  const warnings = [];
  const visit = (name) => {
    if (found.has(name)) return;
    const json = readJson(root, `${name}.json`);
    const used = { ...app.usingComponents, ...json.usingComponents };
    const absolute = Object.entries(used).map(([tag, target]) => [tag, `/${resolveComponent(name, target)}`]);
    json.usingComponents = Object.fromEntries(absolute);
    found.set(name, json);
    for (const warning of templates.addTmpl(name, readText(root, `${name}.wxml`)) ?? []) warnings.push(warning.message);
    for (const [, target] of absolute) visit(target.slice(1));
  };
  for (const page of app.pages) visit(page);

  const names = [...found.keys()].sort();
  const components = {};
  let css = styleOf(root, "app", { prefix: ".wx-screen " });
  for (const [index, name] of names.entries()) {
    const json = found.get(name);
    const scope = json.component ? `c${index}` : "";
    components[name] = { json, scope };
    const prefix = scope ? ".wx-screen " : `.wx-page[data-path="${name}"] `;
    css += styleOf(root, name, { prefix, scope });
  }
  const modules = await readModules(root);
  const code = [
    "exports.program = {",
    `app: ${JSON.stringify(app)},`,
    `components: ${JSON.stringify(components)},`,
    `templates: ${templates.getTmplGenObjectGroups()},`,
    `modules: {${modules.join(",\n")}},`,
    "};",
  ].join("\n");
  return { code, css, warnings, files: names };
}

function readText(root, name) {
  return fs.readFileSync(path.join(root, name), "utf8");
}

function readJson(root, name) {
  return JSON.parse(readText(root, name));
}

function resolveComponent(from, target) {
  return target.startsWith("/") ? target.slice(1) : path.posix.join(path.posix.dirname(from), target);
}

/** Every module as a function of what WeChat supplies; what a browser has and WeChat has not is a parameter nobody fills. */
async function readModules(root) {
  const names = fs
    .readdirSync(root, { recursive: true })
    .map((name) => name.split(path.sep).join("/"))
    .filter((name) => name.endsWith(".js"))
    .sort();
  return Promise.all(
    names.map(async (name) => {
      const { code } = await esbuild.transform(readText(root, name), { target: "es2018", charset: "utf8" });
      return `${JSON.stringify(name)}: function (${[...SUPPLIED, ...SHADOWED].join(", ")}) {"use strict";\n${code}\n}`;
    }),
  );
}

function styleOf(root, name, { prefix, scope = "" }) {
  if (!fs.existsSync(path.join(root, `${name}.wxss`))) return "";
  const sheet = postcss.parse(readText(root, `${name}.wxss`));
  sheet.walkDecls((declaration) => {
    declaration.value = declaration.value.replace(/(-?[\d.]+)rpx/g, (_, number) => `calc(var(--rpx) * ${number})`);
  });
  sheet.walkRules((rule) => {
    if (rule.parent.type === "atrule" && rule.parent.name.endsWith("keyframes")) return;
    rule.selectors = rule.selectors.map((selector) => scopeSelector(selector, prefix, scope));
  });
  return `${sheet.toString()}\n`;
}

function scopeSelector(selector, prefix, scope) {
  let scoped = selector.replace(/(^|[\s>+~])([a-z][a-z-]*)/g, (whole, before, tag) => {
    if (tag === "page") return `${before}.wx-page`;
    return BUILT_IN.includes(tag) ? `${before}${NATIVE[tag] ?? `wx-${tag}`}` : whole;
  });
  if (scope) scoped = scoped.replace(/\.([a-zA-Z][\w-]*)/g, (_, name) => `.${scope}--${name}`);
  return scoped.startsWith(".wx-page") ? `.wx-screen ${scoped}` : prefix + scoped;
}
