/** The ground every built-in component stands on: properties in, attributes and events out. */

import type { CodeSpace } from "glass-easel-miniprogram-adapter";

export type Kind = StringConstructor | NumberConstructor | BooleanConstructor | ArrayConstructor | null;

/** A live built-in component, as its own definition sees it. */
export interface Part<Data> {
  readonly element: HTMLElement;
  readonly data: Data & Common;
  emit(name: string, detail: object, bubbles?: boolean): void;
}

interface Common {
  ariaLabel: string;
  ariaRole: string;
  hidden: boolean;
}

export interface Definition<Data> {
  properties?: Record<string, Kind | { type: Kind; value: unknown }>;
  /** Once, when it is on the screen. */
  attached?(part: Part<Data>): void;
  /** When it is on the screen, and whenever a property changes. */
  drawn?(part: Part<Data>): void;
}

interface Live {
  _$: { getBackendElement(): unknown };
  data: never;
  isDrawn?: boolean;
  triggerEvent(name: string, detail: object, options: object): void;
}

const COMMON = { ariaLabel: String, ariaRole: String, hidden: Boolean, hoverClass: String };

/** Register a component for every page of the mini program under a tag of its own. */
export function registerPart<Data>(codeSpace: CodeSpace, tag: string, definition: Definition<Data>): void {
  const path = `__wx__/${tag}`;
  const refresh = (live: Live) => {
    if (!live.isDrawn) return;
    const part = toPart<Data>(live);
    drawCommon(part);
    definition.drawn?.(part);
  };
  codeSpace.addComponentStaticConfig(path, { component: true, usingComponents: {} });
  codeSpace
    .component(path)
    .definition({
      properties: { ...COMMON, ...definition.properties },
      observers: {
        "**"(this: unknown) {
          refresh(this as Live);
        },
      },
      lifetimes: {
        attached(this: unknown) {
          const live = this as Live;
          live.isDrawn = true;
          definition.attached?.(toPart<Data>(live));
          refresh(live);
        },
      },
    } as never)
    .register();
  const space = codeSpace.getComponentSpace();
  space.setGlobalUsingComponent(tag, path);
  space.setGlobalUsingComponent(tag, space.getComponentByUrl(path, ""));
}

function toPart<Data>(live: Live): Part<Data> {
  return {
    element: live._$.getBackendElement() as HTMLElement,
    get data() {
      return live.data;
    },
    emit: (name, detail, bubbles = false) => live.triggerEvent(name, detail, { bubbles, composed: bubbles }),
  };
}

function drawCommon(part: Part<unknown>): void {
  const { element, data } = part;
  element.hidden = data.hidden;
  setOrRemove(element, "aria-label", data.ariaLabel);
  if (data.ariaRole) element.setAttribute("role", data.ariaRole);
}

/** Set an attribute, or take it away where there is nothing to say. */
export function setOrRemove(element: HTMLElement, name: string, value: string): void {
  if (value) element.setAttribute(name, value);
  else element.removeAttribute(name);
}
