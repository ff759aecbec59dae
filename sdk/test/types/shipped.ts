// What an app's compiler sees: the shipped declarations, beside WeChat's own, as strict as it gets.
import {
  type Account,
  type Choice,
  type Code,
  createMenjin,
  isMenjinError,
  type Me,
  type MenjinError,
  type Phone,
  type Wx,
} from "menjin";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(yes: Equal<A, B>): boolean => yes;

// WeChat's own wx is a platform.
export const platform: Wx = wx;

const menjin = createMenjin({
  baseURL: "https://api.example.com",
  tenant: () => undefined,
  onNeedBinding: () => wx.navigateTo({ url: "/pages/bind/bind" }),
  onSignedOut: ({ code }) => wx.showToast({ title: code }),
});

// @ts-expect-error baseURL is needed
createMenjin({});
// @ts-expect-error there is no such option
createMenjin({ baseURL: "https://api.example.com", baseUrl: "" });

export async function use(): Promise<void> {
  same<Me, Awaited<ReturnType<typeof menjin.ready>>>(true);
  same<Account | null, Awaited<ReturnType<typeof menjin.account>>>(true);
  same<Phone, Awaited<ReturnType<typeof menjin.phoneNumber>>>(true);

  const orders = await menjin.request<{ id: string }[]>({ url: "/orders", auth: "optional" });
  same<{ id: string }[], typeof orders.data>(true);
  const task = menjin.request({ url: "/orders", success: ({ statusCode }) => statusCode.toFixed() });
  task.abort();
  task.onHeadersReceived(({ header }) => header);
  // @ts-expect-error auth is one of three
  menjin.request({ url: "/orders", auth: "maybe" });
  // @ts-expect-error a request has a url
  menjin.request({ data: {} });

  menjin.on("signedOut", (error) => same<MenjinError, typeof error>(true));
  menjin.on("bound", (me) => same<Me, typeof me>(true));

  try {
    await menjin.bind({ username: "ming", password: "x" });
  } catch (error) {
    if (isMenjinError(error) && error.code === "binding_conflict" && error.conflict) {
      same<Choice[], typeof error.conflict.choices>(true);
      await menjin.bindPhone(null, error.conflict.bindTicket);
      await menjin.bind({ username: "ming", password: "x", bindTicket: error.conflict.bindTicket });
    }
    // @ts-expect-error a code that does not exist is found by the compiler
    if (isMenjinError(error) && error.code === "session_expried") throw error;
  }
}

export const words: Partial<Record<Code, string>> = { user_denied: "", stale_session_key: "" };

// The events of WeChat's own components fit.
export const phone = (event: WechatMiniprogram.ButtonGetPhoneNumber) => menjin.phoneNumber(event);
export const info = (event: WechatMiniprogram.ButtonGetUserInfo) => menjin.userInfo(event);
export const steps = async () => menjin.openData(await wx.getWeRunData({}), "werun");
