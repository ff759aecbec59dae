// Writes src/codes.ts from contract/errors.json; a test compares the two.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const target = new URL("../src/codes.ts", import.meta.url);
const contract = new URL("../../contract/errors.json", import.meta.url);

export function render(errors) {
  const union = (values) => {
    const names = values.map((value) => JSON.stringify(value));
    return names.length < 9 ? ` ${names.join(" | ")}` : names.map((name) => `\n  | ${name}`).join("");
  };
  const actions = [...new Set(Object.values(errors).map((entry) => entry.action))].sort();
  return `// Made from contract/errors.json by scripts/codes.mjs. Do not edit.

/** Every code that menjin's HTTP API answers with. */
export type ServerCode =${union(Object.keys(errors))};

/** What menjin tells a client to do next. */
export type ServerAction =${union(actions)};
`;
}

/** What src/codes.ts should be. */
export const wanted = () => render(JSON.parse(readFileSync(contract, "utf8")).errors);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(target, wanted());
}
