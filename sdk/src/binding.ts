/** Where requests wait for the person to bind an account. */
import type { MenjinError } from "./errors.js";
import type { Settings } from "./options.js";
import type { Session } from "./session.js";
import { nothing, single } from "./wait.js";

const LONGEST = 300_000; // five minutes: a page that was left without a word keeps nobody waiting for ever

export function openBindingDesk({ onNeedBinding }: Settings, session: Session) {
  let release = nothing;
  let refuse: (why?: unknown) => void = nothing;
  session.on("bound", () => release());
  session.on("signedOut", (why) => refuse(why));

  const wait = async (error: MenjinError): Promise<void> => {
    const bound = new Promise<void>((resolve, reject) => {
      release = resolve;
      refuse = (why) => reject(why || error);
    });
    bound.catch(nothing);
    const timer = setTimeout(refuse, LONGEST);
    try {
      if (!onNeedBinding || (await onNeedBinding(error)) === false) {
        throw error;
      }
      await bound;
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    /** Wait until an account is bound; throw what the server said if the person gives up. */
    wait: single(wait),
    giveUp: (): void => refuse(),
  };
}

export type BindingDesk = ReturnType<typeof openBindingDesk>;
