/** Making elements by hand: the page has no framework of its own. */

type Child = Node | string | null | undefined | false;

/** Return an element; of the properties, `on…` are listeners, `data-…`, `aria-…` and `role` attributes, the rest as in the DOM. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value as EventListener);
    else if (/^(data-|aria-|role$|lang$|for$|type$|tabindex$)/.test(key)) element.setAttribute(key, String(value));
    else Object.assign(element, { [key]: value });
  }
  element.append(...(children.filter(Boolean) as (Node | string)[]));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** Return an icon of one or more strokes on a 24 × 24 field; it is never read aloud. */
export function icon(...paths: string[]): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
