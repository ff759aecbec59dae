// Against the real wxsim and the real menjin.
import { describe, expect, it } from "vitest";
import { WAYS } from "./support/cell.mjs";
import { APPS, PASSWORD } from "./support/house.mjs";
import { givePhone, house, makePerson, sim } from "./support/real.mjs";
import { codeOf, many } from "./support/ways.mjs";

describe.skipIf(house.missing).each(WAYS)("with wxsim and menjin, $way", (way) => {
  it("logs in once for 100 cold requests, and all get their answer", async () => {
    const person = await makePerson();
    const { menjin, count } = givePhone(way, person);
    const answers = await many(100, () => menjin.request({ url: "/v1/session" }));
    expect(answers.every((answer) => answer.statusCode === 200)).toBe(true);
    expect(new Set(answers.map((answer) => answer.data.session_id)).size).toBe(1);
    expect(count("login")).toBe(1);
    expect(menjin.current()).toMatchObject({ binding: "bound", account: { isNew: true } });
  });

  it("logs in once for 100 parallel 401s, and replays each once", async () => {
    const person = await makePerson();
    const phone = givePhone(way, person, { app: "bound" });
    const other = givePhone(way, person, { app: "bound", device: "d2" });
    await phone.menjin.ready();
    await other.menjin.bind({ username: person.name, password: PASSWORD }); // ends the first phone's session: session_expired
    const answers = await many(100, () => phone.menjin.request({ url: "/v1/session" }));
    expect(answers.every(({ statusCode, data }) => statusCode === 200 && data.binding === "bound")).toBe(true);
    expect(phone.count("login")).toBe(2);
    expect(phone.countPath("/v1/session")).toBe(200);
  });

  it("loses none of 100 requests that are under way while the person binds", async () => {
    const person = await makePerson();
    const { menjin, count } = givePhone(way, person, { app: "bound" });
    await menjin.ready();
    const before = many(50, () => menjin.request({ url: "/v1/session" }));
    const bound = menjin.bind({ username: person.name, password: PASSWORD });
    const after = many(50, () => menjin.request({ url: "/v1/session" }));
    expect((await bound).account.externalId).toBe(`member-${person.name}`);
    const answers = [...(await before), ...(await after)];
    expect(answers.map((answer) => answer.statusCode)).toEqual(Array(100).fill(200));
    expect(count("login")).toBe(1);
    expect(menjin.current().binding).toBe("bound");
  });

  it("does not play ping-pong between two phones of an app that allows one", async () => {
    const person = await makePerson();
    const told = [];
    const first = givePhone(way, person, { app: "single", options: { onSignedOut: (why) => told.push(why.code) } });
    const second = givePhone(way, person, { app: "single", device: "d2" });
    await first.menjin.ready();
    await second.menjin.ready();
    const codes = await many(20, () => codeOf(first.menjin.request({ url: "/v1/session" })));
    expect(new Set(codes)).toEqual(new Set(["replaced"]));
    for (let times = 0; times < 5; times++) {
      expect(await codeOf(first.menjin.ready())).toBe("replaced");
      expect((await second.menjin.request({ url: "/v1/session" })).statusCode).toBe(200);
    }
    expect([first.count("login"), second.count("login"), told]).toEqual([1, 1, ["replaced"]]);
    await first.menjin.login(); // the person's own decision
    expect(await codeOf(second.menjin.account())).toBe("replaced");
  });

  it("logs in on a new phone although WeChat's session is alive, and reads the number", async () => {
    const person = await makePerson();
    await givePhone(way, person).menjin.ready();
    const { menjin, wx, count } = givePhone(way, person, { device: "new" });
    expect((await wx.checkSession()).errMsg).toBe("checkSession:ok");
    expect(await menjin.preparePrivateData()).toEqual({ loggedIn: true });
    const phone = await menjin.phoneNumber(await wx.$tap("getPhoneNumber"));
    expect(phone).toEqual({ phoneNumber: `+86${person.phone}`, countryCode: "86", nationalNumber: person.phone });
    expect(count("login")).toBe(1);
  });

  it("checks before the tap: logs in when WeChat's session has ended, and only then", async () => {
    const person = await makePerson();
    const { menjin, count } = givePhone(way, person);
    await menjin.ready();
    expect(await menjin.preparePrivateData()).toEqual({ loggedIn: false });
    await sim("session-keys", { appid: APPS.open, person: person.name, do: "expire" });
    expect(await menjin.preparePrivateData()).toEqual({ loggedIn: true });
    expect(count("login")).toBe(2);
  });

  it("asks for a second tap, after a login, when the key has changed behind its back", async () => {
    const person = await makePerson();
    const { menjin, wx, count } = givePhone(way, person, { baseLibrary: "2.20.0", app: "open" });
    await menjin.ready();
    await sim("session-keys", { appid: APPS.open, person: person.name, do: "rotate" });
    const tapped = await wx.$tap("getPhoneNumber");
    expect(tapped.detail.code).toBeUndefined();
    const error = await menjin.phoneNumber(tapped).catch((failed) => failed);
    expect([error.code, error.action]).toEqual(["stale_session_key", "retap"]);
    expect(count("login")).toBe(2);
    const phone = await menjin.phoneNumber(await wx.$tap("getPhoneNumber"));
    expect(phone.nationalNumber).toBe(person.phone);
    expect(count("login")).toBe(2);
  });

  it("never logs in between a tap and the sending of what it brought", async () => {
    const person = await makePerson();
    const { menjin, wx, count } = givePhone(way, person, { baseLibrary: "2.20.0" });
    const error = await menjin.phoneNumber(await wx.$tap("getPhoneNumber").then(withoutCode)).catch((failed) => failed);
    expect(error.action).toBe("retap"); // nobody was signed in: a login first, so a second tap
    expect([count("login"), count("request")]).toEqual([1, 1]);
  });

  it("opens user info and steps, in WeChat's names", async () => {
    const person = await makePerson();
    const { menjin, wx } = givePhone(way, person);
    await menjin.preparePrivateData();
    expect(await menjin.userInfo(await wx.getUserInfo({ withCredentials: true }))).toMatchObject({
      nickName: "微信用户",
    });
    const { stepInfoList } = await menjin.openData(await wx.getWeRunData(), "werun");
    expect(stepInfoList).toHaveLength(31);
  });

  it("tells a refusal, a missing permission, an empty quota and a refused contract apart", async () => {
    const person = await makePerson();
    const { menjin, wx } = givePhone(way, person);
    await menjin.ready();
    const outcome = async () => codeOf(menjin.phoneNumber(await wx.$tap("getPhoneNumber")));
    await sim(`people/${person.name}`, { answers: { getPhoneNumber: "refuse" } });
    expect(await outcome()).toBe("user_denied");
    await sim("faults", {
      name: "fail",
      path: "*getPhoneNumber*",
      person: person.name,
      reason: "no permission",
      errno: 102,
    });
    expect(await outcome()).toBe("no_permission");
    await sim("faults", {
      name: "fail",
      path: "*getPhoneNumber*",
      person: person.name,
      reason: "appid no enough quota",
      errno: 1400001,
    });
    expect(await outcome()).toBe("no_quota");
  });

  it("shows my devices, ends one, and everywhere", async () => {
    const person = await makePerson();
    const here = givePhone(way, person);
    const there = givePhone(way, person, { device: "d2" });
    const third = givePhone(way, person, { device: "d3" });
    for (const phone of [here, there, third]) await phone.menjin.ready();
    const devices = await here.menjin.sessions();
    expect(devices.filter((device) => device.isCurrent)).toHaveLength(1);
    expect(devices).toHaveLength(3);
    await here.menjin.endSession(there.menjin.current().sessionId);
    expect(await codeOf(there.menjin.account())).toBe("kicked_out");
    await here.menjin.logout({ everywhere: true });
    expect(await codeOf(third.menjin.account())).toBe("kicked_out");
    expect(await codeOf(here.menjin.account())).toBe("signed_out");
    expect(
      await codeOf(here.menjin.request({ url: "/healthz", auth: "optional" }).then((answer) => answer.statusCode)),
    ).toEqual({ value: 200 });
  });

  it("gives another person on the same phone a session of their own", async () => {
    const [one, two] = [await makePerson(), await makePerson()];
    const first = givePhone(way, one, { device: "shared" });
    const second = givePhone(way, two, { device: "shared" });
    await first.menjin.ready();
    await second.menjin.ready();
    expect(second.menjin.current().account.id).not.toBe(first.menjin.current().account.id);
  });

  it("waits with what needs an account until it is bound, by the number of a button", async () => {
    const person = await makePerson();
    const asked = [];
    const phone = givePhone(way, person, {
      app: "bound",
      options: { onNeedBinding: (error) => void asked.push(error.code) },
    });
    const export_ = many(5, () =>
      phone.menjin.request({ url: "/v1/account/export" }).then(
        (answer) => answer.statusCode,
        (error) => error.code,
      ),
    );
    await phone.menjin.ready();
    expect(phone.menjin.current().binding).toBe("required");
    await phone.menjin.bind({ username: person.name, password: PASSWORD });
    expect((await export_).every((status) => status !== "binding_required")).toBe(true);
  });

  it("tells a wrong password, binds with a right one, steps up, and parts again", async () => {
    const person = await makePerson();
    const { menjin, count } = givePhone(way, person, { app: "bound" });
    expect(await codeOf(menjin.bind({ username: person.name, password: "wrong" }))).toBe("credentials_invalid");
    expect((await menjin.bind({ username: person.name, password: PASSWORD })).binding).toBe("bound");
    expect((await menjin.stepUp()).binding).toBe("bound");
    expect((await menjin.stepUp({ username: person.name, password: PASSWORD })).binding).toBe("bound");
    expect((await menjin.unbind()).binding).toBe("required");
    expect((await menjin.request({ url: "/v1/session" })).data.binding).toBe("required");
    expect(count("login")).toBe(2); // the login, and the step-up's fresh code
  });

  it("offers the choices of a conflict, and goes on with its ticket", async () => {
    const [mother, son] = [await makePerson(), await makePerson()];
    const hers = givePhone(way, mother);
    await hers.menjin.ready();
    await hers.menjin.bindPhone(await hers.wx.$tap("getPhoneNumber"));
    await sim(`people/${son.name}`, { phone: mother.phone }); // the number was sold on
    const his = givePhone(way, son);
    await his.menjin.ready();
    const error = await his.menjin.bindPhone(await his.wx.$tap("getPhoneNumber")).catch((failed) => failed);
    expect(error.code).toBe("binding_conflict");
    expect(error.conflict.choices.length).toBeGreaterThan(0);
  });

  it("asks for a permission once, then explains and leads to the settings page", async () => {
    const person = await makePerson({ answers: { "scope.record": "refuse" } });
    const said = [];
    const host = { showModal: (options) => said.push(options.content) && { confirm: true } };
    const { menjin, count } = givePhone(way, person, { host });
    expect(await menjin.authorize("scope.record")).toBe(false);
    expect(await menjin.authorize("scope.record")).toBe(false);
    expect([count("authorize"), count("openSetting")]).toEqual([1, 0]);
    expect(await menjin.authorize("scope.record", { explain: "to send a voice message" })).toBe(false); // refused there, too
    await sim(`people/${person.name}`, { answers: { "scope.record": "allow" } });
    expect(await menjin.authorize("scope.record", { explain: "to send a voice message" })).toBe(true);
    expect(said).toEqual(["to send a voice message", "to send a voice message"]);
    expect(await menjin.authorize("scope.record")).toBe(true);
    expect([count("authorize"), count("openSetting")]).toEqual([1, 2]);
  });

  it("tells a refused privacy contract, asks nobody for ten seconds, and goes on once it is agreed to", async () => {
    const person = await makePerson({ answers: { privacy: "refuse" } });
    const { menjin, wx } = givePhone(way, person);
    expect(await menjin.privacy.setting()).toMatchObject({ needAuthorization: true });
    const refused = await menjin.privacy.require().catch((failed) => failed);
    expect([refused.code, refused.retryAfter]).toEqual(["privacy_denied", 10]);
    expect(await codeOf(menjin.phoneNumber(await wx.$tap("getPhoneNumber")))).toBe("privacy_denied");
    await sim(`people/${person.name}`, { answers: { privacy: "allow" } });
    expect(await codeOf(menjin.privacy.require())).toBe("privacy_denied"); // within the ten seconds
    const agreed = await wx.$tap("getPhoneNumber|agreePrivacyAuthorization");
    expect((await menjin.phoneNumber(agreed)).nationalNumber).toBe(person.phone);
    expect(await menjin.privacy.setting()).toMatchObject({ needAuthorization: false });
  });

  it("shows the privacy question in the app's own words, and takes the agree button's word", async () => {
    const person = await makePerson();
    const { menjin, wx } = givePhone(way, person);
    const questions = [];
    menjin.privacy.onNeed((question) => {
      questions.push(question.referrer);
      question.shown();
      // The person reads; meanwhile the second call comes to ask, and waits with the first.
      setTimeout(() => wx.$tap("agreePrivacyAuthorization", { id: "agree" }).then(() => question.agree("agree")), 300);
    });
    await Promise.all([menjin.privacy.require(), wx.getWeRunData({})]);
    expect(questions).toHaveLength(1);
  });

  it("says no for the person who leaves the question", async () => {
    const person = await makePerson();
    const { menjin } = givePhone(way, person);
    menjin.privacy.onNeed((question) => question.disagree());
    expect(await codeOf(menjin.privacy.require())).toBe("privacy_denied");
  });

  it("refuses a login that wx's cache manager serves, and takes a fresh one", async () => {
    const person = await makePerson();
    const { menjin, wx, watched, count } = givePhone(way, person);
    await menjin.ready();
    const codes = [];
    const plain = watched.login;
    watched.login = (options) =>
      plain({
        ...options,
        success(result) {
          codes.push([result.code, result.fromCache]);
          options.success(codes.length === 1 ? { ...result, fromCache: true } : result);
        },
      });
    await menjin.login({ force: true });
    expect([count("login"), codes.length]).toEqual([3, 2]);
    expect(wx.createCacheManager).toBeTypeOf("function");
  });

  it("uploads and downloads with the login", async () => {
    const person = await makePerson();
    const { menjin } = givePhone(way, person);
    const answer = await menjin.downloadFile({ url: "/v1/session" });
    expect(answer.statusCode).toBe(200);
  });
});

function withoutCode(event) {
  delete event.detail.code;
  return event;
}
