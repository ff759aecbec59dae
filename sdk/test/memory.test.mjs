// What is kept over a restart, what is told, and what the person is asked.
import { describe, expect, it } from "vitest";
import { loadSdk, WAYS } from "./support/cell.mjs";
import { BASE } from "./support/tiny.mjs";
import { codeOf, many, open, pause } from "./support/ways.mjs";

describe.each(WAYS)("memory, events, privacy, $way", (way) => {
  it("survives storage that fails, is full, or holds rubbish", async () => {
    const fail = () => {
      throw new Error("setStorage:fail exceed storage max size 10Mb");
    };
    for (const breakage of [
      { getStorageSync: fail },
      { setStorageSync: fail },
      { getStorageSync: fail, setStorageSync: fail, removeStorageSync: fail },
    ]) {
      const { menjin, phone } = open(way);
      Object.assign(phone.wx, breakage);
      await many(5, () => menjin.request({ url: "/things" }));
      await menjin.request({ url: "/things" });
      expect(phone.logins).toBe(1);
    }
    const token = `mjs_${"a".repeat(43)}`;
    const rubbish = [
      "",
      7,
      null,
      [],
      "mjs_",
      { token: 7 },
      { token, me: null },
      { token, me: "x" },
      { token: [token], me: {} },
      { device: {} },
      { device: "x" },
      { ended: 1 },
      { ended: "unauthorized" },
      { ended: "" },
      { me: { binding: "bound" } },
      { token: `${token}\n`, me: { binding: "bound" } },
    ];
    for (const found of rubbish) {
      const { menjin, phone, server } = open(way);
      phone.storage.set(`menjin:${BASE}`, found);
      expect((await menjin.request({ url: "/things" })).statusCode).toBe(200);
      expect(phone.logins).toBe(1);
      expect(server.calls[0].data.device.id).toMatch(/^[\w-]{16,64}$/);
    }
  });

  it("keeps no old token in storage that it could not replace", async () => {
    const { menjin, phone, server } = open(way);
    await menjin.ready();
    phone.wx.setStorageSync = () => {
      throw new Error("full");
    };
    server.end("session_expired");
    await menjin.request({ url: "/things" });
    expect(phone.storage.size).toBe(0);
  });

  it("remembers the session over a restart, without a login", async () => {
    const { menjin, phone } = open(way);
    const me = await menjin.ready();
    const restarted = loadSdk(way, phone.wx).createMenjin({ baseURL: BASE });
    expect(restarted.current()).toEqual(me);
    await restarted.request({ url: "/things" });
    expect(phone.logins).toBe(1);
  });

  it("refuses options that cannot work", () => {
    const { sdk, phone } = open(way);
    for (const options of [{}, { baseURL: "api.example.com" }, { baseURL: BASE, trusted: ["shop"] }]) {
      expect(() => sdk.createMenjin({ platform: phone.wx, ...options })).toThrow(
        expect.objectContaining({ code: "config_invalid" }),
      );
    }
  });

  it("tells of events until it is asked no more, and a listener's fault stops nothing", async () => {
    const { menjin } = open(way);
    const heard = [];
    const off = menjin.on("signedIn", (me) => heard.push(me.binding));
    menjin.on("bound", () => heard.push("bound!"));
    menjin.on("signedOut", (error) => heard.push(error.code));
    await menjin.ready();
    off();
    await menjin.login({ force: true });
    await menjin.logout();
    expect(heard).toEqual(["bound", "bound!", "bound!", "signed_out"]);
  });

  it("shows the privacy question once for any number of calls, and answers every one of them", async () => {
    const { menjin, phone } = open(way);
    let ask;
    phone.wx.onNeedPrivacyAuthorization = (listener) => {
      ask = listener;
    };
    const shown = [];
    menjin.privacy.onNeed((question) => {
      shown.push(question.referrer);
      question.shown();
      setTimeout(() => question.agree("agree-btn"), 5);
    });
    const answers = [];
    ask((answer) => answers.push(answer.event), { referrer: "getUserProfile" });
    ask((answer) => answers.push(answer.event), { referrer: "button.getPhoneNumber" });
    await pause(30);
    expect(shown).toEqual(["getUserProfile"]);
    expect(answers.filter((event) => event === "agree")).toHaveLength(2);
    menjin.privacy.onNeed((question) => {
      question.agree("a button that nobody tapped"); // WeChat goes on waiting
      question.agree("agree-btn");
    });
    ask(({ buttonId }) => answers.push(buttonId), { referrer: "x" });
    expect(answers.at(-1)).toBe("agree-btn");
    menjin.privacy.onNeed(() => {
      throw new Error("the app's own fault");
    });
    ask((answer) => answers.push(answer.event), { referrer: "x" });
    expect(answers.at(-1)).toBe("disagree");
  });

  it("asks for nothing that an old WeChat does not know", async () => {
    const { menjin } = open(way);
    expect(await menjin.privacy.setting()).toEqual({ needAuthorization: false, privacyContractName: "" });
    await menjin.privacy.require();
    menjin.privacy.onNeed(() => undefined);
    expect(await codeOf(menjin.privacy.openContract())).toBe("not_supported");
  });
});
