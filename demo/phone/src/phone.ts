/** A phone in somebody's hand, with the mini program on it. */

import { program } from "mini-program";
import type { Wx } from "wxsim";
import { PhoneFrame } from "./frame/frame";
import { isStill } from "./motion";
import { onGesture } from "./runtime/backend";
import type { Host } from "./runtime/host";
import { Runtime } from "./runtime/runtime";
import { words } from "./words";
import { Consent } from "./wx/consent";
import { makeWx, PhoneStorage, tapButton } from "./wx/make-wx";
import { PictureUrls } from "./wx/pictures";

export interface Holder {
  person: string;
  device: string;
}

export class Phone {
  readonly frame = new PhoneFrame();
  readonly consent = new Consent(this.frame);
  holder: Holder = { person: "", device: "" };
  private runtime: Runtime | undefined;
  private wx: Wx | undefined;
  private readonly pictures = new PictureUrls();
  private readonly storage: PhoneStorage;

  constructor(
    private readonly appid: string,
    run: string,
    private readonly report: (error: unknown) => void,
  ) {
    this.storage = new PhoneStorage(run);
    this.frame.onBack = () => this.runtime?.router.navigateBack();
    this.frame.onTab = (index) => this.runtime?.router.tapTab(index);
    this.frame.onMenu = () => void this.openMenu();
    this.frame.onHome = () => this.relaunch();
    onGesture((run) => (this.wx ? this.wx.$gesture(run) : run()));
  }

  /** Start the mini program in this person's hand, on this phone of theirs. */
  pickUp(holder: Holder): void {
    this.putDown();
    this.holder = holder;
    this.consent.attach(holder);
    this.start(holder);
  }

  /** Leave the mini program and come back to it, as a person does. */
  async putAwayAndBack(): Promise<void> {
    this.runtime?.hide();
    this.wx?.$hide();
    this.frame.element.classList.add("ph-asleep");
    if (!isStill()) await new Promise((done) => setTimeout(done, 350));
    this.frame.element.classList.remove("ph-asleep");
    this.wx?.$show();
    this.runtime?.show();
  }

  relaunch(): void {
    this.pickUp({ ...this.holder });
  }

  /** What the mini program keeps on this phone. */
  kept(): Record<string, unknown> {
    const { wx } = this;
    if (!wx) return {};
    return Object.fromEntries(wx.getStorageInfoSync().keys.map((key) => [key, wx.getStorageSync(key)]));
  }

  private putDown(): void {
    this.runtime?.end();
    this.runtime = undefined;
    this.wx = undefined;
    this.frame.clear();
    this.pictures.forget();
  }

  private start(holder: Holder): void {
    const { appid, storage, frame, consent, report } = this;
    const router = () => (this.runtime as Runtime).router;
    const parts = { appid, holder, storage, frame, consent, router, report };
    const wx = makeWx(parts);
    this.wx = wx;
    const host: Host = {
      wx,
      frame,
      openType: (name, button) => tapButton(parts, wx, name, button),
      nickname: async (value) => {
        const event = await wx.$tap("nickname", { value });
        const detail = event?.detail ?? {};
        return { value: String(detail.value ?? ""), pass: detail.pass !== false };
      },
      offerNickname: (take) => this.frame.offer(consent.nickname, () => take(consent.nickname)),
      retractNickname: () => this.frame.retract(),
      pictureUrl: (src) => this.pictures.find(wx, src),
      report,
    };
    this.runtime = new Runtime(program, host);
    this.runtime.launch();
  }

  private async openMenu(): Promise<void> {
    const { menu, restart, settings } = words().phone;
    const chosen = await this.frame.choose([restart, settings], menu);
    if (chosen === 0) this.relaunch();
    if (chosen === 1) await this.wx?.$gesture(() => this.wx?.openSetting({}));
  }
}
