/** Where requests wait for the person to bind an account. */
import type { MenjinError } from "./errors.js";
import type { Settings } from "./options.js";
import type { Session } from "./session.js";
import { single } from "./wait.js";

const LONGEST = 300_000; // five minutes: a page that was left without a word keeps nobody waiting for ever

export function openBindingDesk({ onNeedBinding }: Settings, session: Session) {
  const waiting = single<void>();
  let giveUp: (() => void) | undefined;

  const isBound = (): boolean => session.current().me?.binding === "bound";

  async function show(error: MenjinError): Promise<void> {
    if (!onNeedBinding) {
      throw error;
    }
    let stop: (() => void) | undefined;
    const bound = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => giveUp?.(), LONGEST);
      const off = [session.on("bound", () => resolve()), session.on("signedOut", (why) => reject(why))];
      giveUp = () => reject(error);
      stop = () => {
        clearTimeout(timer);
        for (const one of off) {
          one();
        }
        giveUp = undefined;
      };
    });
    bound.catch(() => undefined);
    try {
      if ((await onNeedBinding(error)) === false) {
        throw error;
      }
      if (!isBound()) {
        await bound;
      }
    } finally {
      stop?.();
    }
  }

  return {
    /** Wait until an account is bound; throw what the server said if the person gives up. */
    wait: (error: MenjinError): Promise<void> => waiting(() => show(error)),
    giveUp: (): void => giveUp?.(),
  };
}

export type BindingDesk = ReturnType<typeof openBindingDesk>;
