// @ts-nocheck -- what a mini program writes: untyped, as most of them are
/** Dialogs, toasts, pages. @type {import("../realms.js").Case[]} */
export default [
  {
    name: "a dialog is answered by the host, and confirmed where there is none",
    run: async ({ wx, make, expect }) => {
      expect(await wx.showModal({ title: "?" })).toEqual({
        confirm: true,
        cancel: false,
        content: null,
        errMsg: "showModal:ok",
      });
      const host = { showModal: async ({ editable }) => ({ confirm: false, content: editable ? "typed" : null }) };
      expect(await make({ host }).showModal({ title: "?", editable: true })).toEqual({
        confirm: false,
        cancel: true,
        content: "typed",
        errMsg: "showModal:ok",
      });
    },
  },
  {
    name: "an action sheet: an item, or cancelled",
    run: async ({ wx, make, expect }) => {
      expect(await wx.showActionSheet({ itemList: ["a"] })).toEqual({ tapIndex: 0, errMsg: "showActionSheet:ok" });
      const host = { showActionSheet: () => ({}) };
      const error = await make({ host })
        .showActionSheet({ itemList: ["a"] })
        .catch((caught) => caught);
      expect(error).toEqual({ errMsg: "showActionSheet:fail cancel" });
      expect((await wx.showActionSheet({ itemList: Array(7).fill("x") }).catch((caught) => caught)).errMsg).toBe(
        "showActionSheet:fail parameter error: itemList should not be larger than 6",
      );
    },
  },
  {
    name: "toasts and loading succeed, seen or not",
    run: async ({ make, expect }) => {
      const shown = [];
      const wx = make({ host: { showToast: ({ title }) => void shown.push(title) } });
      expect(await wx.showToast({ title: "好" })).toEqual({ errMsg: "showToast:ok" });
      expect(shown).toEqual(["好"]);
      expect(await wx.showLoading({ title: "…" })).toEqual({ errMsg: "showLoading:ok" });
      expect(await wx.hideLoading()).toEqual({ errMsg: "hideLoading:ok" });
    },
  },
  {
    name: "pages are the host's",
    run: async ({ wx, make, expect }) => {
      expect((await wx.navigateTo({ url: "/pages/a" }).catch((error) => error)).errMsg).toBe(
        "navigateTo:fail wxsim: createWx was given no host.navigateTo",
      );
      const went = [];
      const host = {
        navigateTo: ({ url }) => {
          went.push(url);
          return { eventChannel: {} };
        },
        ownCall: () => ({ own: true }),
      };
      const own = make({ host });
      expect(await own.navigateTo({ url: "/pages/a" })).toMatchObject({ errMsg: "navigateTo:ok", eventChannel: {} });
      expect(await own.ownCall()).toEqual({ own: true, errMsg: "ownCall:ok" });
      expect(went).toEqual(["/pages/a"]);
    },
  },
];
