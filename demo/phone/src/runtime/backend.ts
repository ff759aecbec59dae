/**
 * Where glass-easel draws: this page's DOM.
 *
 * Differs from the framework's own in three ways: elements have names a browser allows, styles go through the CSSOM (the
 * page's policy forbids style attributes), and whatever can be tapped can be reached and pressed from the keyboard.
 */

import { glassEasel } from "glass-easel-miniprogram-adapter";

const NATIVE: Record<string, string> = { button: "button", input: "input", form: "form", label: "label", image: "img" };
const FRAME_ONLY = new Set(["wx-root", "slot"]);
const PRESSABLE = new Set(["BUTTON", "INPUT", "A"]);

// The framework's EventBubbleStatus: a const enum, of which nothing is left at run time.
const NORMAL = 0;
const NO_DEFAULT = 1;

interface Drawn extends HTMLElement {
  __wxElement?: unknown;
}

type Context = InstanceType<typeof glassEasel.CurrentWindowBackendContext>;

let within: (run: () => number) => number = (run) => run();

/** Let the phone know of taps: some calls of wx are refused without one. */
export function onGesture(run: (handler: () => number) => number): void {
  within = run;
}

/** One for the whole page: the framework listens on the body and never stops. */
export function makeBackend(): Context {
  const backend = new glassEasel.CurrentWindowBackendContext();
  Object.assign(backend, {
    document: {
      createElement: draw,
      createTextNode: (text: string) => document.createTextNode(text),
      createDocumentFragment: () => document.createDocumentFragment(),
    },
  });
  const listen = backend.setListenerStats.bind(backend);
  backend.setListenerStats = (element, type, capture, level) => {
    if (type === "tap") makePressable(element as unknown as HTMLElement);
    listen(element, type, capture, level);
  };
  backend.onEvent((target, type, detail, options) => {
    if (isDisabled(options.originalEvent)) return NORMAL;
    return dispatch(target, type, detail, options);
  });
  document.body.addEventListener("click", tapFromKeyboard);
  document.body.addEventListener("keydown", pressFromKeyboard);
  return backend;
}

function draw(tag: string): HTMLElement {
  const element = document.createElement(
    NATIVE[tag] ?? (FRAME_ONLY.has(tag) || tag.includes("-root") ? tag : `wx-${tag}`),
  );
  const set = element.setAttribute.bind(element);
  element.setAttribute = (name: string, value: string) => {
    if (name === "style") element.style.cssText = value;
    else set(name, value);
  };
  if (element instanceof HTMLButtonElement) element.type = "button";
  return element;
}

function dispatch(target: unknown, type: string, detail: unknown, options: object): number {
  return type === "tap" ? within(() => fire(target, type, detail, options)) : fire(target, type, detail, options);
}

function fire(target: unknown, type: string, detail: unknown, options: object): number {
  const event = new glassEasel.Event(type, detail, options as never);
  glassEasel.Event.dispatchEvent(target as never, event as never);
  return event.defaultPrevented() ? NO_DEFAULT : NORMAL;
}

function isDisabled(event: unknown): boolean {
  const target = event instanceof Event ? event.target : null;
  return target instanceof Element && target.closest("button:disabled, [aria-disabled=true]") !== null;
}

function makePressable(element: HTMLElement): void {
  if (PRESSABLE.has(element.tagName) || element.hasAttribute("tabindex")) return;
  element.tabIndex = 0;
  if (!element.hasAttribute("role")) element.setAttribute("role", "button");
}

/** A click that no pointer made (Enter, a screen reader) is a tap too. */
function tapFromKeyboard(event: MouseEvent): void {
  if (event.detail !== 0 || isDisabled(event)) return;
  let element = event.target instanceof Element ? (event.target as Drawn | null) : null;
  while (element && !element.__wxElement) element = element.parentElement;
  if (!element) return;
  const options = { originalEvent: event, bubbles: true, composed: true, capturePhase: true };
  dispatch(element.__wxElement, "tap", { x: 0, y: 0 }, options);
}

function pressFromKeyboard(event: KeyboardEvent): void {
  const element = event.target;
  if (event.key !== "Enter" && event.key !== " ") return;
  if (!(element instanceof HTMLElement) || PRESSABLE.has(element.tagName) || !element.matches(".wx-screen [tabindex]"))
    return;
  if (!element.matches("[role=button], [role=link], [role=switch], [role=tab]")) return;
  event.preventDefault();
  element.click();
}
