/** A phone in somebody's hand, with the mini program on it. */

import { program } from "mini-program";
import { PhoneFrame } from "./frame/frame";
import type { Detail, Host } from "./runtime/host";
import { Runtime } from "./runtime/runtime";
import { words } from "./words";
import { type Ask, Carrier } from "./wx/carrier";
import { Consent } from "./wx/consent";
import { makeWx } from "./wx/make-wx";
import { Pictures } from "./wx/pictures";
import { Storage } from "./wx/storage";

export interface Holder {
  person: string;
  device: string;
}

export class Phone {
  readonly frame = new PhoneFrame();
  readonly consent = new Consent(this.frame);
  holder: Holder = { person: "", device: "" };
  private runtime: Runtime | undefined;
  private carrier: Carrier | undefined;
  private readonly pictures = new Pictures();
  private launches = 0;

  constructor(
    private readonly appid: string,
    private readonly report: (error: unknown) => void,
  ) {
    this.frame.onBack = () => this.runtime?.router.navigateBack();
    this.frame.onTab = (index) => this.runtime?.router.tapTab(index);
    this.frame.onMenu = () => void this.openMenu();
    this.frame.onHome = () => void this.relaunch();
  }

  /** Start the mini program in this person's hand, on this phone of theirs. */
  async pickUp(holder: Holder): Promise<void> {
    const launch = (this.launches += 1);
    this.putDown();
    this.holder = holder;
    const carrier = new Carrier(this.appid, holder.person, holder.device, (ask) => this.decide(ask));
    this.carrier = carrier;
    this.consent.attach(carrier, this.pictures, holder);
    const storage = new Storage(carrier);
    await storage.open();
    if (launch !== this.launches) return; // somebody else has picked it up meanwhile
    const { wx, tapped } = await makeWx({
      carrier,
      storage,
      frame: this.frame,
      pictures: this.pictures,
      holder,
      consent: this.consent,
      router: () => (this.runtime as Runtime).router,
    });
    if (launch !== this.launches) return;
    this.runtime = new Runtime(program, this.host(wx, tapped));
    this.runtime.launch();
  }

  /** Leave the mini program and come back to it, as a person does. */
  async putAwayAndBack(): Promise<void> {
    this.runtime?.hide();
    this.frame.element.classList.add("asleep");
    await new Promise((done) => setTimeout(done, 350));
    this.frame.element.classList.remove("asleep");
    this.runtime?.show();
  }

  async relaunch(): Promise<void> {
    await this.pickUp(this.holder);
  }

  private putDown(): void {
    this.runtime?.end();
    this.runtime = undefined;
    this.frame.clear();
    this.pictures.forget();
  }

  private decide(ask: Ask): Promise<boolean> {
    return this.consent.decide(ask);
  }

  private async openMenu(): Promise<void> {
    const { menu } = words().phone;
    const chosen = await this.frame.choose([words().phone.restart, words().phone.settings], menu);
    if (chosen === 0) await this.relaunch();
    if (chosen === 1) await this.consent.openSettings();
  }

  private host(wx: Record<string, unknown>, tapped: (name: string, button: Detail) => Promise<Detail>): Host {
    return {
      wx,
      frame: this.frame,
      openType: tapped,
      nickname: async (typed) => {
        const reply = await this.carrier?.call("nickname", { value: typed });
        return { value: String(reply?.value ?? ""), pass: reply?.pass !== false };
      },
      offerNickname: (take) => {
        const name = this.consent.nickname;
        this.frame.offer(name, () => take(name));
      },
      retractNickname: () => this.frame.retract(),
      pictureUrl: (src) => this.pictures.url(src),
      report: this.report,
    };
  }
}
